/**
 * Measures other services beside ours with the same load: single creates of the same texts, over 50 chats of one
 * application and over 50 chats of 10. Ours runs without its worker, as in scenarios/creates.ts: an acknowledged message
 * is safe in the event log, but not readable yet. What another service does before it answers is its own matter: it may
 * store the message, or keep nothing at all. That is why one message is read back after each round.
 */
import { BadFile } from '../checked.ts';
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { HttpFloors } from '../floors/http.ts';
import { hasWrk, load } from '../load/load.ts';
import { cpuOver, type Measurement, rate } from '../measure/result.ts';
import { creates, newChats, purge, withoutWorker } from '../system.ts';
import { RunningService } from './running-service.ts';
import { readService, type Service } from './service-file.ts';

const CHATS = 50;
const CONNECTIONS = [64, 256];
const LAYOUTS = [
  { applications: 1, place: 'in 1 application' },
  { applications: 10, place: 'in 10 applications' },
];

/** The part of Centrifugo's rate that ours should reach. It publishes into memory, ours is confirmed by three servers. */
export const CENTRIFUGO = 'Centrifugo';
export const OVER_CENTRIFUGO: Readonly<Record<string, number>> = {
  'Parley in 1 application, 64 connections': 0.7,
  'Parley in 1 application, 256 connections': 1,
  'Parley in 10 applications, 256 connections': 0.75,
};

/** A compared variant, and what to tell about its messages at the end. */
interface Variant extends Contender {
  /** How the chats are spread; undefined if the service has no applications. */
  readonly place?: string | undefined;
  readonly note?: () => string;
}

/** Returns the comparison with the services of these files. @throws {BadFile} */
export async function comparison(files: readonly string[]): Promise<Scenario> {
  if (files.length === 0) throw new BadFile('compare takes files that describe services, see bench/services');
  if (!hasWrk()) throw new Error('compare needs wrk');
  const services = await Promise.all(files.map(readService));
  const twice = services.find(({ name }, index) => services.some((other, at) => at < index && other.name === name));
  if (twice !== undefined) throw new BadFile(`name: two services are called '${twice.name}'`);
  return {
    name: 'compare',
    description: 'single creates in other services and in ours',
    run: (context) => withoutWorker(context, () => compared(context, services)),
  };
}

async function compared(context: Context, services: readonly Service[]): Promise<Measurement[]> {
  const floors = new HttpFloors();
  const running: RunningService[] = [];
  try {
    for (const service of services) {
      context.say(`starting ${service.name}`);
      running.push(await RunningService.start(service));
    }
    const { url, pid } = await floors.open('bare');
    const measurements: Measurement[] = [];
    for (const connections of CONNECTIONS) {
      const floor = await floorVariant(context, { url, pid }, connections);
      const ours = await ourVariants(context, connections);
      const theirs: Variant[] = [];
      for (const service of running) theirs.push(...(await variantsOf(context, service, connections)));
      measurements.push(...(await measured(context, connections, { floor, ours, theirs })));
    }
    return measurements;
  } finally {
    for (const service of running) await service.end();
    await floors.close();
  }
}

async function measured(
  context: Context,
  connections: number,
  { floor, ours, theirs }: { floor: Variant; ours: readonly Variant[]; theirs: readonly Variant[] },
): Promise<Measurement[]> {
  const samples = await interleaved(context, [floor, ...ours, ...theirs]);
  const of = ({ name }: Variant) => samples.get(name) ?? [];
  const common = { scenario: 'compare', unit: 'messages/s', at: { connections } };
  const overOthers = ours.flatMap((variant) =>
    theirs
      .filter(({ place }) => place === undefined || place === variant.place)
      .map((other) => {
        const target = other.name.startsWith(CENTRIFUGO) ? OVER_CENTRIFUGO[variant.name] : undefined;
        const against = { to: other.name, samples: of(other), ...(target !== undefined && { target }) };
        const name = `${variant.name}, over ${other.name}`;
        return { ...rate({ ...common, name }, of(variant), against), samples: [] };
      }),
  );
  return [
    rate({ ...common, name: floor.name }, of(floor)),
    ...[...ours, ...theirs].map((variant) => {
      const note = variant.note && { note: variant.note() };
      return rate({ ...common, name: variant.name, ...note }, of(variant), { to: 'HTTP floor', samples: of(floor) });
    }),
    ...overOthers,
    ...ours.map((variant) => {
      const what = { scenario: 'compare', at: { connections }, name: `ingest’s CPU, ${variant.name}` };
      const floorCpu = { to: 'the HTTP floor’s CPU', program: 'floor', samples: of(floor) };
      return cpuOver(what, { program: 'ingest', samples: of(variant) }, floorCpu);
    }),
  ];
}

async function floorVariant(
  { stack, seconds }: Context,
  { url, pid }: { url: string; pid: number },
  connections: number,
): Promise<Variant> {
  const targets = creates(await newChats(stack.ingest, 1, CHATS));
  return {
    name: `HTTP floor, ${connections} connections`,
    run: () => load({ url, connections, targets, seconds, status: 201 }, 'wrk'),
    pids: { floor: pid },
  };
}

async function ourVariants({ stack, seconds }: Context, connections: number): Promise<Variant[]> {
  const variants: Variant[] = [];
  for (const { applications, place } of LAYOUTS) {
    const targets = creates(await newChats(stack.ingest, applications, CHATS / applications));
    variants.push({
      name: `Parley ${place}, ${connections} connections`,
      place,
      run: () => load({ url: stack.ingest, connections, targets, seconds, status: 201 }, 'wrk'),
      prepare: () => purge(stack),
      note: () => 'not read back: without the worker, messages wait in the event log',
    });
  }
  return variants;
}

/** Returns a service's variants, after each has accepted one message: a wrong file is found before the first round. */
async function variantsOf({ seconds, say }: Context, service: RunningService, connections: number): Promise<Variant[]> {
  const variants: Variant[] = [];
  for (const { applications, place } of LAYOUTS) {
    if (applications > 1 && !service.hasApplications) continue;
    const rooms = await service.newRooms(applications, CHATS / applications);
    const [first] = rooms;
    if (first === undefined) continue;
    await service.createAndRead(first);
    const targets = service.targets(rooms);
    const readBack = new ReadBack();
    const name = `${service.name}${service.hasApplications ? ` ${place}` : ''}, ${connections} connections`;
    variants.push({
      name,
      place: service.hasApplications ? place : undefined,
      run: () => load({ url: service.url, connections, targets, seconds, status: service.status }, 'wrk'),
      pids: service.pids,
      ...(service.isReadable && {
        after: () =>
          readBack.round(
            () => service.createAndRead(first),
            (what) => say(`${name}: ${what}`),
          ),
      }),
      note: () => (service.isReadable ? readBack.told() : 'not read back: its file has no `read`'),
    });
  }
  return variants;
}

/** What became of the messages that were read back. */
class ReadBack {
  #rounds = 0;
  readonly #milliseconds: number[] = [];

  async round(createAndRead: () => Promise<number>, say: (what: string) => void): Promise<void> {
    this.#rounds += 1;
    try {
      this.#milliseconds.push(await createAndRead());
    } catch (error) {
      say(`NOT READ BACK: ${String(error)}`);
    }
  }

  told(): string {
    const there = this.#milliseconds.length;
    const slowest = there === 0 ? '' : `, the slowest after ${Math.max(...this.#milliseconds).toFixed(0)} ms`;
    const lost = there === this.#rounds ? '' : 'NOT KEPT: ';
    return `${lost}${there} of ${this.#rounds} messages were read back, one after each round${slowest}`;
  }
}
