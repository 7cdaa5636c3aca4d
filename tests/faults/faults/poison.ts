/** A fault: messages that no worker can store, among good ones. None may be lost silently, or delay the good ones. */
import { partitionOf } from '@parley/domain';
import { onChannel } from '@parley/rabbitmq/testing';
import type { Fault, FaultContext } from '../fault.ts';
import { PARTITIONS } from '../stack.ts';

const ROUNDS = 5;
const MALFORMED = [
  'not JSON at all',
  '',
  '{"v":1',
  '[]',
  '{"v":99,"events":[]}', // without a partition: with one, the worker would leave it for a newer version
  '{"v":1,"partition":0,"events":{}}',
  '{"v":1,"partition":0,"events":[{"type":"nothing"}]}',
  `{"v":1,"partition":0,"events":["${'x'.repeat(200_000)}"]}`,
] as const;

const nowhere = '00000000-0000-4000-8000-000000000000';

/** A well-formed event of an application that does not exist. */
function orphan(): string {
  const id = crypto.randomUUID().replaceAll('-', '');
  const common = { id, epoch: 1_000, at: Date.now(), token: nowhere };
  const event = { type: 'messages', ...common, chat: 1, first: 1, contents: ['of nobody'] };
  return JSON.stringify({ v: 1, partition: partitionOf(nowhere, PARTITIONS), events: [event] });
}

async function publish({ stack, load }: FaultContext): Promise<void> {
  // `onChannel`, called below, connects to this URL.
  process.env.RABBITMQ_URL = stack.urls.RABBITMQ_URL;
  const queue = (token: string): string => `parley.events.${partitionOf(token, PARTITIONS)}`;
  for (let round = 0; round < ROUNDS; round += 1) {
    await onChannel(async (channel) => {
      for (const text of MALFORMED)
        channel.sendToQueue(queue(load.hot.token), Buffer.from(text), { persistent: true, type: 'events' });
      channel.sendToQueue(queue(nowhere), Buffer.from(orphan()), { persistent: true, type: 'events' });
      await channel.close();
    });
    await Bun.sleep(500);
  }
}

export const poisonFaults: readonly Fault[] = [
  {
    name: 'poison',
    description: 'garbage and messages of nobody are published into the queues, among good ones',
    holdMs: 0,
    deadLetters: { malformed: MALFORMED.length * ROUNDS, 'unknown-owner': ROUNDS },
    inject: publish,
    heal: async () => {},
  },
];
