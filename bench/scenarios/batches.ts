/** Measures batch creates with the worker stopped: bursts are acknowledged far faster than they are stored. */
import { type Contender, interleaved, type Scenario } from '../context.ts';
import { load, usualTool } from '../load/load.ts';
import { rate } from '../measure/result.ts';
import { batches, newChats, purge, withoutWorker } from '../system.ts';

const APPLICATIONS = 24;
const BURST_SECONDS = 10;
const BURST_PER_SECOND = 500_000;
const SIZES = [
  { size: 10, connections: 64 },
  { size: 100, connections: 16 },
  { size: 1_000, connections: 8 },
] as const;

export const batchCreates: Scenario = {
  name: 'batches',
  description: 'creates of 10, 100 and 1,000 messages in one request, worker stopped',
  run: (context) =>
    withoutWorker(context, async () => {
      const { stack, quick } = context;
      const tool = usualTool();
      const chats = await newChats(stack.ingest, APPLICATIONS, 1);
      const contenders = SIZES.map(({ size, connections }): Contender => {
        const targets = batches(chats, size);
        const seconds = size === 1_000 && !quick ? BURST_SECONDS : context.seconds;
        return {
          name: `batches of ${size.toLocaleString('en')}, ${connections} connections`,
          run: () => load({ url: stack.ingest, connections, targets, seconds, each: size }, tool),
          prepare: () => purge(stack),
        };
      });
      const samples = await interleaved(context, contenders, quick ? 2 : context.rounds);
      return contenders.map(({ name }, index) => {
        const target = SIZES[index]?.size === 1_000 ? { target: { atLeast: BURST_PER_SECOND } } : {};
        const at = { size: SIZES[index]?.size ?? 0 };
        return rate({ scenario: 'batches', name, unit: 'messages/s', at, ...target }, samples.get(name) ?? []);
      });
    }),
};
