import { FIGURES_SECONDS, type Figures, type ProgramFigures } from '@parley/domain';
import type { Cluster, Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import { bounded } from './unavailable.ts';

/** The most programs that are kept. Those that put their figures last stay. */
const PROGRAMS_MAX = 1_000;
const KEPT_MS = FIGURES_SECONDS * 1_000;

/** The figures of all programs in Redis: one key for each, and a sorted set that lists them. */
export class RedisFigures implements Figures {
  readonly #client: Redis | Cluster;
  readonly #keys: Keys;

  constructor(client: Redis | Cluster, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  async put(figures: ProgramFigures): Promise<void> {
    const { programs, figuresOf } = this.#names(figures.id);
    const text = JSON.stringify(figures);
    await bounded(this.#client.parleyPutFigures(programs, figuresOf, figures.id, text, KEPT_MS, PROGRAMS_MAX));
  }

  async all(): Promise<readonly ProgramFigures[]> {
    const { programs } = this.#names('');
    const texts = await bounded(this.#client.parleyAllFigures(programs, this.#keys.figures, PROGRAMS_MAX));
    return (texts as (string | null)[])
      .flatMap((text) => (text === null ? [] : figuresOf(text)))
      .sort((one, other) => compare(one.name, other.name) || one.startedAt - other.startedAt);
  }

  #names(id: string) {
    const base = this.#keys.figures;
    return { programs: `${base}programs`, figuresOf: `${base}of:${id}` };
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** An array of one, or empty for what a program of another version may have written. */
function figuresOf(text: string): ProgramFigures[] {
  const figures: Partial<Record<keyof ProgramFigures, unknown>> = JSON.parse(text);
  const { id, name, version, startedAt, at, values } = figures;
  if (typeof id !== 'string' || typeof name !== 'string' || typeof version !== 'string') return [];
  if (typeof startedAt !== 'number' || typeof at !== 'number') return [];
  if (typeof values !== 'object' || values === null) return [];
  const numbers = Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return [{ id, name, version, startedAt, at, values: Object.fromEntries(numbers) }];
}
