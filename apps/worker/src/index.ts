export { rejectedEvents } from './rejected-events.ts';
export { StoreConsumer, type StoreConsumerParts } from './store-consumer.ts';
