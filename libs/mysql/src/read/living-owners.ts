import { type Owner, sequenceKey } from '@parley/domain';
import { integer, tokenOf } from '../literals.ts';
import { PointReads } from './point-reads.ts';
import { type ApplicationKey, type ChatKey, selectLivingApplications, selectLivingChats } from './statements.ts';

/** How many owners are remembered. */
const OWNERS_MAX = 100_000;

interface Known {
  /** The partition's `deletes` before the owner was looked up. */
  readonly deletes: number;
  /** Messages up to this number are hidden. */
  readonly hidden: number;
}

type Select = <Row>(sql: string) => Promise<Row[]>;

/**
 * Tells whether an application or a chat lives, for the reads of what is below it. What was found is remembered as long
 * as nothing is deleted in the partition: its column `deletes` counts that, and one small statement reads it for all
 * reads of a tick. To join the owners in each statement made a page twice as dear for the database.
 *
 * `deletes` is read after the call, so a delete that ended before the call is seen.
 */
export class LivingOwners {
  readonly #deletes: PointReads<number, number>;
  readonly #applications: PointReads<ApplicationKey, Owner>;
  readonly #chats: PointReads<ChatKey, number>;
  readonly #known = new Map<string, Known>();

  constructor(select: Select) {
    this.#deletes = new PointReads(String, async (partitions) => {
      const rows = await select<{ partition_number: number; deletes: number }>(deletesOf(partitions));
      return new Map(rows.map((row) => [String(row.partition_number), row.deletes]));
    });
    this.#applications = new PointReads<ApplicationKey, Owner>(nameOf, async (keys) => {
      const rows = await select<{ token: Buffer }>(selectLivingApplications(keys));
      return new Map(rows.map((row) => [tokenOf(row.token), { token: tokenOf(row.token) }]));
    });
    this.#chats = new PointReads<ChatKey, number>(nameOf, async (keys) => {
      const rows = await select<{ token: Buffer; number: number; purged_through: number }>(selectLivingChats(keys));
      return new Map(
        rows.map((row) => [nameOf({ token: tokenOf(row.token), chat: row.number }), row.purged_through] as const),
      );
    });
  }

  async application({ partition, token }: ApplicationKey): Promise<boolean> {
    const key = { partition, token }; // without a chat, which the caller's key may have
    const hidden = await this.#hidden(key, async () => ((await this.#applications.get(key)) ? 0 : undefined));
    return hidden !== undefined;
  }

  /** Up to which number the chat's messages are hidden; undefined if the chat or its application does not live. */
  chat(key: ChatKey): Promise<number | undefined> {
    return this.#hidden(key, () => this.#chats.get(key));
  }

  /** As `chat`, if it is remembered from when the partition had these `deletes`: those of the caller's own snapshot. */
  known(key: ChatKey, deletes: number): number | undefined {
    const known = this.#known.get(nameOf(key));
    return known?.deletes === deletes ? known.hidden : undefined;
  }

  /** What `chat` is likely to answer: good for a read that begins at the same time. */
  guess(key: ChatKey): number {
    return this.#known.get(nameOf(key))?.hidden ?? 0;
  }

  async #hidden(key: ApplicationKey | ChatKey, look: () => Promise<number | undefined>): Promise<number | undefined> {
    const name = nameOf(key);
    const deletes = (await this.#deletes.get(key.partition)) ?? 0;
    const known = this.#known.get(name);
    if (known?.deletes === deletes) return known.hidden;
    const hidden = await look();
    this.#known.delete(name);
    if (hidden !== undefined) this.#remember(name, { deletes, hidden });
    return hidden;
  }

  #remember(name: string, known: Known): void {
    this.#known.set(name, known);
    if (this.#known.size <= OWNERS_MAX) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}

function nameOf({ token, chat }: Owner): string {
  return chat === undefined ? token : sequenceKey({ kind: 'messages', token, chat });
}

export function deletesOf(partitions: readonly number[]): string {
  return `SELECT partition_number, deletes FROM partitions WHERE partition_number IN (${partitions.map(integer).join()})`;
}
