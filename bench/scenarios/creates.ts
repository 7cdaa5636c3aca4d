/**
 * Compares single creates with the HTTP floor (the same route without our code). The worker is stopped: only the cost
 * until the acknowledgement counts.
 */
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { HttpFloors } from '../floors/http.ts';
import { hasWrk, load, type Target, type Tool, usualTool } from '../load/load.ts';
import { cpuOver, type Measurement, rate } from '../measure/result.ts';
import { creates, newChats, purge, withoutWorker } from '../system.ts';

const APPLICATIONS = 10;
const CHATS_EACH = 5;
/** How much CPU ingest may take for a create, over the floor's in the same run. */
const OVER_FLOOR_IN_ONE = 1.75;
const OVER_FLOOR_IN_TEN = 2.4;
/** The number of connections for which the targets are. */
const TARGET_AT = 256;
const ONE_CHAT_SHARE = 0.7;

interface Way {
  readonly name: string;
  readonly url: string;
  readonly pids?: Readonly<Record<string, number>>;
  readonly targets: readonly Target[];
  readonly connections: number;
  readonly tool: Tool;
  /** Where ingest is measured: how much CPU it may take over the floor's. */
  readonly overFloorMax?: number;
}

function contender({ stack, seconds }: Context, { name, url, pids, targets, connections, tool }: Way): Contender {
  return {
    name,
    run: () => load({ url, connections, targets, seconds }, tool),
    prepare: () => purge(stack),
    ...(pids !== undefined && { pids }),
  };
}

export const singleCreates: Scenario = {
  name: 'creates',
  description: 'single creates at 64 and 256 connections, 50 chats, worker stopped, against the HTTP floor',
  run: (context) =>
    withoutWorker(context, async () => {
      const chats = await newChats(context.stack.ingest, APPLICATIONS, CHATS_EACH);
      const crowded = await newChats(context.stack.ingest, 1, APPLICATIONS * CHATS_EACH);
      const measurements: Measurement[] = [];
      for (const tool of tools(context)) {
        for (const connections of context.quick ? [256] : [64, 256]) {
          measurements.push(...(await againstFloors(context, { chats, crowded, connections, tool })));
        }
      }
      return measurements;
    }),
};

/** The first one is the usual tool. The targets are for its load. */
const tools = ({ large }: Context): Tool[] => (large && hasWrk() ? ['wrk', 'autocannon'] : [usualTool()]);

async function againstFloors(
  context: Context,
  { chats, crowded, connections, tool }: { chats: string[]; crowded: string[]; connections: number; tool: Tool },
): Promise<Measurement[]> {
  const { stack, quick } = context;
  const floors = new HttpFloors();
  const [bare, inside] = [await floors.open('bare'), await floors.open('inside')];
  const common = { targets: creates(chats), connections, tool };
  const of = `${connections} connections, ${tool}`;
  const ways: Way[] = [
    { ...common, name: `HTTP floor, ${of}`, url: bare.url, pids: { floor: bare.pid } },
    { ...common, name: `ingest on empty drivers, ${of}`, url: inside.url, pids: { floor: inside.pid } },
    { ...common, name: `creates in 10 applications, ${of}`, url: stack.ingest, overFloorMax: OVER_FLOOR_IN_TEN },
    {
      ...common,
      name: `creates in 1 application, ${of}`,
      url: stack.ingest,
      targets: creates(crowded),
      overFloorMax: OVER_FLOOR_IN_ONE,
    },
  ];
  const chosen = quick ? ways.filter((_, index) => index !== 1) : ways;
  try {
    const samples = await interleaved(
      context,
      chosen.map((way) => contender(context, way)),
      connections === TARGET_AT ? context.rounds : Math.min(context.rounds, 2),
    );
    const [floor, ...others] = chosen;
    const floorSamples = samples.get(floor?.name ?? '') ?? [];
    const common = { scenario: 'creates', unit: 'messages/s', at: { connections } };
    return [
      rate({ ...common, name: floor?.name ?? '' }, floorSamples),
      ...others.map(({ name }) =>
        rate({ ...common, name }, samples.get(name) ?? [], { to: 'HTTP floor', samples: floorSamples }),
      ),
      ...others.flatMap(({ name, overFloorMax }) => {
        if (overFloorMax === undefined) return [];
        const what = { scenario: 'creates', at: { connections }, name: `ingest’s CPU, ${name}` };
        const limit = connections === TARGET_AT && tool === usualTool() ? { atMost: overFloorMax } : {};
        const of = { program: 'ingest', samples: samples.get(name) ?? [] };
        const floorCpu = { to: 'the HTTP floor’s CPU', program: 'floor', samples: floorSamples };
        return [cpuOver(what, of, { ...floorCpu, ...limit })];
      }),
    ];
  } finally {
    await floors.close();
  }
}

export const oneChat: Scenario = {
  name: 'one-chat',
  description: 'single creates, all to one chat, worker stopped, against the HTTP floor',
  run: (context) =>
    withoutWorker(context, async () => {
      const { stack } = context;
      const chats = await newChats(stack.ingest, 1, 1);
      const floors = new HttpFloors();
      const bare = await floors.open('bare');
      const tool = usualTool();
      const measurements: Measurement[] = [];
      try {
        for (const connections of context.large ? [64, TARGET_AT] : [TARGET_AT]) {
          const common = { targets: creates(chats), connections, tool };
          const [floor, system] = [`HTTP floor, ${connections} connections`, `one chat, ${connections} connections`];
          const samples = await interleaved(context, [
            contender(context, { ...common, name: floor, url: bare.url, pids: { floor: bare.pid } }),
            contender(context, { ...common, name: system, url: stack.ingest }),
          ]);
          const what = { scenario: 'one-chat', unit: 'messages/s' };
          const against = { to: 'HTTP floor', samples: samples.get(floor) ?? [], target: ONE_CHAT_SHARE };
          measurements.push(rate({ ...what, name: floor }, against.samples));
          measurements.push(rate({ ...what, name: system }, samples.get(system) ?? [], against));
        }
        return measurements;
      } finally {
        await floors.close();
      }
    }),
};
