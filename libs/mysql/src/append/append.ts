import type { Appended, Event, Rejection } from '@parley/domain';
import { Unavailable } from '@parley/domain';
import { type BatchRecord, deltasOf, recordOf } from '../batch-record.ts';
import { oldestEpoch } from '../epochs.ts';
import { DatabaseFault } from '../faults.ts';
import { integer, text, time } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import { sortOutDuplicates } from './duplicates.ts';
import { insertEvents } from './insert.ts';
import type { KnownOwners } from './owners.ts';
import { findPoison } from './poison.ts';

/**
 * Stores events in one transaction. The usual batch is new as a whole and goes straight in; only where the database
 * refuses it, what is in the way is found and left out, and the rest is tried again. Each round leaves out at least one
 * event, or it is the last.
 */
export async function append(
  pool: Pool,
  known: KnownOwners,
  events: readonly Event[],
  partition: number | undefined,
): Promise<Appended> {
  const rejected: Rejection[] = [];
  let repeated = 0;
  let pending = events;
  while (pending.length > 0) {
    try {
      const orphans = await known.orphansAmong(pool, pending);
      pending = leaveOut(pending, [...orphans].map(withoutOwner), rejected);
      const written = await pool.transaction((session) => write(session, pending, partition));
      known.addCreated(pending);
      return { ...written, repeated, rejected };
    } catch (error) {
      if (error instanceof EpochEnded) {
        const ended = pending.filter(({ epoch }) => epoch < error.oldest);
        const sorted = await sortOutDuplicates(pool, ended);
        const never = [...sorted.fresh, ...sorted.rejected.map(({ event }) => event)];
        rejected.push(...never.map((event) => late(event, error.oldest)));
        repeated += sorted.repeated;
        pending = pending.filter(({ epoch }) => epoch >= error.oldest);
        continue;
      }
      if (!(error instanceof DatabaseFault)) throw error;
      const before = pending.length;
      if (error.kind === 'value') pending = leaveOut(pending, await findPoison(pool, pending, error), rejected);
      else if (error.kind !== 'duplicate') throw error;
      if (pending.length < before) continue;
      const sorted = await sortOutDuplicates(pool, pending);
      const oldest = sorted.rejected.length === 0 ? 0 : await readOldest(pool, partition);
      rejected.push(...sorted.rejected.map((each) => (each.event.epoch < oldest ? late(each.event, oldest) : each)));
      repeated += sorted.repeated;
      pending = sorted.fresh;
      if (pending.length === before) {
        throw new Unavailable('store', 'The database refuses a batch as a whole.', { cause: error });
      }
    }
  }
  return { rows: 0, repeated, rejected, uncounted: [] };
}

/** Thrown within the transaction, which then stores nothing: some of its events belong to an epoch that has ended. */
class EpochEnded extends Error {
  override readonly name = 'EpochEnded';
  constructor(readonly oldest: number) {
    super(`the oldest epoch is ${oldest}`);
  }
}

/**
 * The rows and, committed with them, the record from which they are indexed and counted.
 *
 * The generation is read under a shared lock that holds until the commit. Whoever opens the next generation needs that
 * row for itself, so it waits for every transaction that has read the old one; once the next is open, no batch of the
 * old one can still appear, and summing them misses none. It is read last, after the rows: so nobody who holds it waits
 * for another's rows (no deadlock), and it is held only for the commit. The oldest epoch likewise: whoever raises it
 * waits for those that have read the one before.
 */
async function write(
  session: Session,
  events: readonly Event[],
  partition: number | undefined,
): Promise<Pick<Appended, 'rows' | 'uncounted'>> {
  const rows = await insertEvents(session, events);
  const oldest = partition === undefined ? '0' : oldestEpoch(partition);
  const [open] = await session.select<{ generation: number; oldest: number }>(openGeneration(oldest));
  if (open === undefined) throw new DatabaseFault('outage', 'NO_COUNTER_GENERATION');
  if (events.some(({ epoch }) => epoch < open.oldest)) throw new EpochEnded(open.oldest);
  const record = recordOf(events);
  const deltas = deltasOf(record);
  if (deltas.length === 0) return { rows, uncounted: [] };
  await insertBatch(session, open.generation, record);
  return { rows, uncounted: [{ generation: open.generation, deltas }] };
}

function openGeneration(oldest: string): string {
  return `SELECT generation, ${oldest} AS oldest FROM counter_generations WHERE name = 'open' FOR SHARE`;
}

async function readOldest(pool: Pool, partition: number | undefined): Promise<number> {
  if (partition === undefined) return 0;
  const [row] = await pool.useAgain((session) =>
    session.select<{ oldest: number }>(`SELECT ${oldestEpoch(partition)} AS oldest`),
  );
  return row?.oldest ?? 0;
}

/** Writes a row of `batches`, in the transaction that wrote what it tells of. */
export async function insertBatch(session: Session, generation: number, record: BatchRecord): Promise<void> {
  const messages = text(JSON.stringify(record.messages));
  const chats = text(JSON.stringify(record.chats));
  // What has no message has nothing to be indexed.
  const indexed = record.documents === 0 ? 1 : 0;
  await session.change(
    `INSERT INTO batches (generation, messages, chats, documents, indexed, created_at) VALUES
     (${integer(generation)}, ${messages}, ${chats}, ${integer(record.documents)}, ${indexed}, ${time(Date.now())})`,
  );
}

function late(event: Event, oldest: number): Rejection {
  return { event, reason: 'late', detail: `drawn in epoch ${event.epoch}; the oldest that is stored is ${oldest}` };
}

function withoutOwner(event: Event): Rejection {
  const detail = event.type === 'messages' ? `chat ${event.chat} is not stored` : 'the application is not stored';
  return { event, reason: 'unknown-owner', detail };
}

/** The events without those that are rejected, which are noted in `rejected`. */
function leaveOut(events: readonly Event[], rejections: readonly Rejection[], rejected: Rejection[]): readonly Event[] {
  if (rejections.length === 0) return events;
  rejected.push(...rejections);
  const out = new Set(rejections.map((rejection) => rejection.event));
  return events.filter((event) => !out.has(event));
}
