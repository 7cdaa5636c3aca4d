/** Single creates in other forms: with idempotency keys, through nginx, longer, over few and many connections. */
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { HttpFloors } from '../floors/http.ts';
import { type LoadOptions, load, usualTool } from '../load/load.ts';
import { type Measurement, rate } from '../measure/result.ts';
import { creates, newChats, purge, withoutWorker } from '../system.ts';

const CONNECTIONS = 64;
export const variants: Scenario = {
  name: 'variants',
  description: 'creates with keys, through nginx, of 1 KB and 10 KB, over 1 to 1,024 connections, worker stopped',
  run: (context) =>
    withoutWorker(context, async () => {
      const { stack, seconds } = context;
      const chats = await newChats(stack.ingest, 10, 5);
      const usual = { url: stack.ingest, connections: CONNECTIONS, targets: creates(chats), seconds };
      const shapes: Record<string, LoadOptions> = {
        'as usual': usual,
        'an Idempotency-Key each': { ...usual, keyed: true },
        'through nginx': { ...usual, url: stack.nginx },
        '1 KB each': { ...usual, targets: creates(chats, 1_000) },
        '10 KB each': { ...usual, targets: creates(chats, 10_000) },
      };
      const contenders = Object.entries(shapes).map(([name, options]) => contender(context, name, options));
      const samples = await interleaved(context, contenders, Math.min(context.rounds, 3));
      const against = { to: 'as usual', samples: samples.get('as usual') ?? [] };
      const common = { scenario: 'variants', unit: 'messages/s' };
      const rows = contenders.map(({ name }) =>
        rate(
          { ...common, name: `creates ${name}` },
          samples.get(name) ?? [],
          name === 'as usual' ? undefined : against,
        ),
      );
      return [...rows, ...(await overConnections(context, chats))];
    }),
};

function contender({ stack }: Context, name: string, options: LoadOptions): Contender {
  return { name, run: () => load(options, usualTool()), prepare: () => purge(stack) };
}

/** Compares creates with the HTTP floor (the same route without our code) over 1 to 1,024 connections. */
async function overConnections(context: Context, chats: readonly string[]): Promise<Measurement[]> {
  const { stack, seconds } = context;
  const floors = new HttpFloors();
  const bare = await floors.open('bare');
  const measurements: Measurement[] = [];
  try {
    for (const connections of [1, 4, 16, 64, 256, 1_024]) {
      const common = { connections, targets: creates(chats), seconds };
      const [floor, system] = [`HTTP floor, ${connections} connections`, `creates, ${connections} connections`];
      const samples = await interleaved(
        context,
        [
          { ...contender(context, floor, { ...common, url: bare.url }), pids: { floor: bare.pid } },
          contender(context, system, { ...common, url: stack.ingest }),
        ],
        Math.min(context.rounds, 2),
      );
      const what = { scenario: 'variants', unit: 'messages/s', at: { connections } };
      const against = { to: 'HTTP floor', samples: samples.get(floor) ?? [] };
      measurements.push(rate({ ...what, name: floor }, against.samples));
      measurements.push(rate({ ...what, name: system }, samples.get(system) ?? [], against));
    }
    return measurements;
  } finally {
    await floors.close();
  }
}

export const manyChats: Scenario = {
  name: 'many-chats',
  description: 'single creates over 100,000 chats (10,000 without --large), worker stopped, against 50 chats',
  run: (context) =>
    withoutWorker(context, async () => {
      const { stack, seconds, say, large } = context;
      const [applications, chatsEach] = [200, large ? 500 : 50];
      say(`creating ${applications * chatsEach} chats`);
      const many = await newChats(stack.ingest, applications, chatsEach);
      const few = await newChats(stack.ingest, 10, 5);
      const name = `creates over ${many.length.toLocaleString('en')} chats`;
      const common = { url: stack.ingest, connections: 256, seconds };
      const samples = await interleaved(
        context,
        [
          contender(context, 'creates over 50 chats', { ...common, targets: creates(few) }),
          contender(context, name, { ...common, targets: creates(many) }),
        ],
        Math.min(context.rounds, 3),
      );
      const against = { to: '50 chats', samples: samples.get('creates over 50 chats') ?? [] };
      return [rate({ scenario: 'many-chats', unit: 'messages/s', name }, samples.get(name) ?? [], against)];
    }),
};
