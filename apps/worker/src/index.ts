export { PurgeJob, type PurgeJobParts } from './purge-job.ts';
export { rejectedEvents } from './rejected-events.ts';
export { RetentionJob, type RetentionJobParts } from './retention-job.ts';
export { SearchUpkeep } from './search-upkeep.ts';
export { StoreConsumer, type StoreConsumerParts } from './store-consumer.ts';
