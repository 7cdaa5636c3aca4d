export { StoreConsumer, type StoreConsumerParts } from './store-consumer.ts';
