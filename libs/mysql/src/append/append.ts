import type { Appended, Event, Rejection } from '@parley/domain';
import { Unavailable } from '@parley/domain';
import { type BatchRecord, deltasOf, recordOf } from '../batch-record.ts';
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
export async function append(pool: Pool, known: KnownOwners, events: readonly Event[]): Promise<Appended> {
  const rejected: Rejection[] = [];
  let repeated = 0;
  let pending = events;
  while (pending.length > 0) {
    try {
      const orphans = await known.orphansAmong(pool, pending);
      pending = leaveOut(pending, [...orphans].map(withoutOwner), rejected);
      const written = await pool.transaction((session) => write(session, pending));
      known.addCreated(pending);
      return { ...written, repeated, rejected };
    } catch (error) {
      if (!(error instanceof DatabaseFault)) throw error;
      const before = pending.length;
      if (error.kind === 'value') pending = leaveOut(pending, await findPoison(pool, pending, error), rejected);
      else if (error.kind !== 'duplicate') throw error;
      if (pending.length < before) continue;
      const sorted = await sortOutDuplicates(pool, pending);
      rejected.push(...sorted.rejected);
      repeated += sorted.repeated;
      pending = sorted.fresh;
      if (pending.length === before) {
        throw new Unavailable('store', 'The database refuses a batch as a whole.', { cause: error });
      }
    }
  }
  return { rows: 0, repeated, rejected };
}

/**
 * The rows and, committed with them, the record from which they are indexed and counted.
 *
 * The generation is read under a shared lock that holds until the commit. Whoever opens the next generation needs that
 * row for itself, so it waits for every transaction that has read the old one; once the next is open, no batch of the
 * old one can still appear, and summing them misses none. It is read last, after the rows: so nobody who holds it waits
 * for another's rows (no deadlock), and it is held only for the commit.
 */
async function write(session: Session, events: readonly Event[]): Promise<Pick<Appended, 'rows' | 'uncounted'>> {
  const rows = await insertEvents(session, events);
  const record = recordOf(events);
  const deltas = deltasOf(record);
  if (deltas.length === 0) return { rows };
  const [open] = await session.select<{ generation: number }>(OPEN_GENERATION);
  if (open === undefined) throw new DatabaseFault('outage', 'NO_COUNTER_GENERATION');
  await insertBatch(session, open.generation, record);
  return { rows, uncounted: { generation: open.generation, deltas } };
}

export const OPEN_GENERATION = "SELECT generation FROM counter_generations WHERE name = 'open' FOR SHARE";

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
