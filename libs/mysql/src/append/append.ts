import { type Appended, deltasOf, type Event, type Rejection, recordOf, rowsOf, Unavailable } from '@parley/domain';
import { type Committed, commitStatements, stateOf } from '../commit.ts';
import { DatabaseFault } from '../faults.ts';
import { checkLevel, OutdatedProgram } from '../level.ts';
import type { Pool } from '../pool.ts';
import { sortOutDuplicates } from './duplicates.ts';
import { begun, insertStatements } from './insert.ts';
import { KnownOwners, lockOwners } from './owners.ts';
import { findPoison } from './poison.ts';

/** After so many deletes during an append, its owners are locked: more deletes must not hold it up. */
const DELETES_MAX = 2;

/**
 * Stores events of one partition in one transaction. Before each try, events whose owner (application or chat) is not
 * stored are rejected, and those whose owner was deleted are discarded. If the database refuses the transaction, the events that cause this are found and left out, and
 * the rest is tried again. This ends: each further try has fewer events, or follows a delete in the partition, after
 * which the remembered owners are forgotten.
 */
export async function append(
  pool: Pool,
  known: KnownOwners,
  partition: number,
  events: readonly Event[],
): Promise<Appended> {
  const rejected: Rejection[] = [];
  let repeated = 0;
  let discarded = 0;
  let deletesMet = 0;
  let pending = events;
  while (pending.length > 0) {
    const { deletes } = known;
    try {
      const { storable, orphans, discarded: below } = await known.sift(pool, pending);
      rejected.push(...orphans.map(withoutOwner));
      discarded += below.length;
      pending = storable;
      if (pending.length === 0) break;
      const written = await write(pool, partition, pending, deletesMet > DELETES_MAX ? 'locked' : deletes);
      known.addCreated(pending, deletes);
      return { ...written, repeated, discarded, rejected };
    } catch (error) {
      if (!(error instanceof DatabaseFault)) throw error;
      const before = pending.length;
      if (error.kind === 'refused') {
        const { oldest, deletes: present } = await readState(pool, partition);
        if (present !== deletes) deletesMet += 1;
        if (present !== known.deletes) known.forget(present);
        else if (present !== deletes)
          continue; // another call has forgotten them meanwhile
        else if (pending.every(({ epoch }) => epoch >= oldest)) throw refusedAsAWhole(error);
        const ended = pending.filter(({ epoch }) => epoch < oldest);
        const sorted = await sortOutDuplicates(pool, partition, ended);
        const never = [...sorted.fresh, ...sorted.rejected.map(({ event }) => event)];
        const below = await deletedAmong(pool, partition, never);
        rejected.push(...never.filter((event) => !below.has(event)).map((event) => late(event, oldest)));
        repeated += sorted.repeated;
        discarded += below.size;
        pending = pending.filter(({ epoch }) => epoch >= oldest);
        continue;
      }
      if (error.kind === 'value') {
        pending = leaveOut(pending, await findPoison(pool, partition, pending, error), rejected);
      } else if (error.kind !== 'duplicate') throw error;
      if (pending.length < before) continue;
      const sorted = await sortOutDuplicates(pool, partition, pending);
      const oldest = sorted.rejected.length === 0 ? 0 : (await readState(pool, partition)).oldest;
      const below = await deletedAmong(
        pool,
        partition,
        sorted.rejected.map(({ event }) => event),
      );
      const refused = sorted.rejected.filter(({ event }) => !below.has(event));
      rejected.push(...refused.map((each) => (each.event.epoch < oldest ? late(each.event, oldest) : each)));
      repeated += sorted.repeated;
      discarded += below.size;
      pending = sorted.fresh;
      if (pending.length === before) throw refusedAsAWhole(error);
    }
  }
  return { rows: 0, repeated, discarded, rejected, uncounted: [] };
}

/**
 * `deletes`: the partition's when the owners were looked up. `locked`: the owners are locked instead, so that only a
 * delete of one of them refuses the transaction. That costs statements, and their deletes wait.
 */
async function write(
  pool: Pool,
  partition: number,
  events: readonly Event[],
  deletes: number | 'locked',
): Promise<Pick<Appended, 'rows' | 'uncounted'>> {
  const record = recordOf(events);
  const epoch = events.reduce((oldest, event) => Math.min(oldest, event.epoch), Number.MAX_SAFE_INTEGER);
  const end = commitStatements({ partition, epoch, ...(deletes === 'locked' ? {} : { deletes }) }, record);
  const results = await pool.transaction(async (session) => {
    if (deletes !== 'locked') return session.send(begun(insertStatements(partition, events)), end);
    await session.change('BEGIN');
    if (!(await lockOwners(session, partition, events))) throw new DatabaseFault('refused', 'OWNER_DELETED');
    return session.send(insertStatements(partition, events), end);
  });
  const [committed] = results.at(-2) as Committed[];
  const deltas = deltasOf(record);
  return {
    rows: events.reduce((rows, event) => rows + rowsOf(event), 0),
    uncounted: committed === undefined || deltas.length === 0 ? [] : [{ generation: committed.generation, deltas }],
  };
}

/**
 * Those of the events that are below something deleted, by a new look. Call it after a look at their rows: a purge may
 * have removed some of these, so that the event looked as if another one had taken its numbers.
 */
async function deletedAmong(pool: Pool, partition: number, events: readonly Event[]): Promise<ReadonlySet<Event>> {
  if (events.length === 0) return NONE;
  return new Set((await new KnownOwners(partition, 0).sift(pool, events)).discarded);
}

const NONE: ReadonlySet<Event> = new Set();

/** The partition's row. Rejects with Unavailable if newer programs have raised its level above this program's. */
async function readState(pool: Pool, partition: number) {
  const state = await pool.useAgain((session) => stateOf(session, partition));
  try {
    checkLevel(state.level);
  } catch (error) {
    throw error instanceof OutdatedProgram ? new Unavailable('store', error.message, { cause: error }) : error;
  }
  return state;
}

function refusedAsAWhole(cause: DatabaseFault): Unavailable {
  return new Unavailable('store', 'The database refuses a batch as a whole.', { cause });
}

function late(event: Event, oldest: number): Rejection {
  return { event, reason: 'late', detail: `drawn in epoch ${event.epoch}; the oldest that is stored is ${oldest}` };
}

function withoutOwner(event: Event): Rejection {
  const detail = event.type === 'messages' ? `chat ${event.chat} is not stored` : 'the application is not stored';
  return { event, reason: 'unknown-owner', detail };
}

/** Returns the events without the rejected ones, which it adds to `rejected`. */
function leaveOut(events: readonly Event[], rejections: readonly Rejection[], rejected: Rejection[]): readonly Event[] {
  if (rejections.length === 0) return events;
  rejected.push(...rejections);
  const out = new Set(rejections.map((rejection) => rejection.event));
  return events.filter((event) => !out.has(event));
}
