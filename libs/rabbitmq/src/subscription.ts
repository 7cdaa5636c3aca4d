import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { BATCH_BYTES_MAX } from './deliveries.ts';
import type { ReturnedDeliveries } from './returned.ts';

/** What one subscription has brought. Its deliveries can be acknowledged on its channel only. */
export interface Subscription {
  readonly model: ChannelModel;
  readonly channel: Channel;
  readonly deliver: (message: ConsumeMessage | null) => void;
  readonly deliveries: ConsumeMessage[];
  /** How many it gets at most before it acknowledges one. */
  readonly prefetch: number;
  /** Of the deliveries that wait. */
  waitingBytes: number;
  /** Whether one of them is not to wait. */
  urgent: boolean;
  readonly returned: ReturnedDeliveries;
  /** Whether a message was sent whose delivery will tell that all returned ones have come. */
  marked: boolean;
  alive: boolean;
  /** Whether it has got anything: of all that wait for a partition only one does. */
  active: boolean;
  /** Whether any of it was acknowledged. */
  committed: boolean;
  /** Whether to leave the partition to whoever waits for it, after the next commit. */
  leaving: boolean;
}

/** A fence, for which somebody waits, or what was returned. */
export function isPressing({ fields, properties }: ConsumeMessage): boolean {
  return fields.redelivered || properties.type === 'fence';
}

/** Whether waiting gains nothing: so much is there that hardly more comes before some is acknowledged, or somebody waits. */
export function isUrgent({ deliveries, prefetch, waitingBytes, urgent }: Subscription): boolean {
  return urgent || deliveries.length >= prefetch / 2 || waitingBytes >= BATCH_BYTES_MAX;
}
