/**
 * The rules for numbers and acknowledgements, as classes without I/O: the caller passes in the ports and the clock. So
 * tests run these same classes in any order of events and at any speed.
 */

export { type Clock, elapsedMs, type Moment, momentOf, oncePerTurn, systemClock } from './clock.ts';
export { BATCH_BYTES_MAX } from './consumption/batch.ts';
export { EPOCH_HEADER, type Letter, type Malformed, type Message, REPLAYED_HEADER } from './consumption/message.ts';
export { PartitionConsumption } from './consumption/partition-consumption.ts';
export type { Answer, Step } from './consumption/steps.ts';
export type { Subscription } from './consumption/subscription.ts';
export { Acceptance, type AcceptanceParts } from './creates/acceptance.ts';
export { CounterSeeds, type CounterSeedsParts } from './creates/counter-seeds.ts';
export type { Accepted, Create, Outcome, Refused, Settled } from './creates/create.ts';
export { type Paced, Pacing } from './creates/pacing.ts';
