import { type Expired, purgeRecord, type Retained, type Token } from '@parley/domain';
import { commitStatements, stateOf } from '../commit.ts';
import { DatabaseFault } from '../faults.ts';
import { DELETES_LEVEL } from '../level.ts';
import { tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import * as statements from './statements.ts';
import { type Hidden, type PurgeKey, purgeKey } from './statements.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

export async function retained(
  pool: Pool,
  partition: number,
  after: Token | undefined,
  limit: number,
): Promise<Retained[]> {
  const sql = statements.retainedApplications(partition, after, limit);
  const rows = await pool.useAgain((session) => session.select<{ token: Buffer; retention_days: number }>(sql));
  return rows.map(({ token, retention_days }) => ({ token: tokenOf(token), days: retention_days }));
}

export interface ExpireRequest {
  readonly token: Token;
  /** Messages accepted before this time are too old: milliseconds since 1970. */
  readonly before: number;
  /** The partition's `seq` at the fence: an older state must not be read. */
  readonly seq: number;
  readonly after: number;
  readonly limit: number;
}

/**
 * Hides the old messages of the next chats. Numbers are drawn in the order of time, so the first message that is young
 * enough is found by bisection. A chat is hidden up to a stored message that is too old, never up to a number between
 * messages: that number's event may still be on its way. A run takes long if there are many chats, so each call looks
 * whether the application still keeps its messages for so short a time.
 */
export async function expire(pool: Pool, partition: number, request: ExpireRequest): Promise<Expired> {
  const { token, before, after, limit } = request;
  const key = purgeKey(partition, { token });
  const found = await pool.useAgain(async (session) => {
    if ((await stateOf(session, partition)).seq < request.seq) throw new DatabaseFault('outage', 'OLDER_STATE');
    const sql = statements.firstMessages(key, daysSince(before), after, limit);
    const chats = await session.select<FirstMessage>(sql);
    return { chats, hidden: await tooOld(session, key, chats, before) };
  });
  const next = found.chats.length < limit ? undefined : found.chats.at(-1)?.chat;
  return { chats: found.hidden.length === 0 ? 0 : await hide(pool, key, before, found.hidden), next };
}

interface FirstMessage {
  readonly chat: number;
  readonly number: number | null;
  readonly at: Date | null;
}

interface Found {
  readonly number: number;
  readonly at: Date;
}

/** Where the end of a chat's old messages is looked for. */
interface Search {
  readonly chat: number;
  /** A message that is too old. */
  old: number;
  /** The last number at which no younger message was found. */
  low: number;
  /** A message that is young enough; undefined until the chat's last message was looked at. */
  high: number | undefined;
}

/** Looks for the ends in all chats at once: each round sends one statement for each chat, in few packets. */
async function tooOld(
  session: Session,
  key: PurgeKey,
  chats: readonly FirstMessage[],
  before: number,
): Promise<Hidden[]> {
  const searches: Search[] = chats.flatMap(({ chat, number, at }) =>
    number === null || at === null || at.getTime() >= before
      ? []
      : [{ chat, old: number, low: number, high: undefined }],
  );
  let open = searches;
  while (open.length > 0) {
    const probes = open.map(({ low, high }) => (high === undefined ? undefined : Math.floor((low + high) / 2)));
    const sql = open.map(({ chat }, place) => statements.lastMessage({ ...key, chat }, probes[place]));
    const answers = (await session.send(sql)) as Found[][];
    for (const [place, search] of open.entries()) narrow(search, probes[place], answers[place]?.[0], before);
    open = open.filter(({ low, high }) => high !== undefined && high - low > 1);
  }
  return searches.map(({ chat, old }) => ({ chat, through: old }));
}

/** `found`: the last message up to `probe`, or the chat's last message if `probe` is undefined. */
function narrow(search: Search, probe: number | undefined, found: Found | undefined, before: number): void {
  // Another process has removed the chat's old messages meanwhile: nothing more is to be found.
  if (found === undefined || found.number < search.old) {
    search.high = undefined;
  } else if (found.at.getTime() >= before) {
    search.high = found.number;
  } else {
    search.old = found.number;
    search.low = probe ?? found.number;
  }
}

/** Whole days, because an application keeps its messages for so many. */
function daysSince(time: number): number {
  return Math.floor((Date.now() - time) / DAY_MS);
}

async function hide(pool: Pool, key: PurgeKey, before: number, hidden: readonly Hidden[]): Promise<number> {
  // No message is removed yet, so the record is empty.
  const record = purgeRecord(key.token, 0, []);
  const results = await pool.transaction((session) =>
    session.send(
      ['BEGIN', statements.hideMessages(key, daysSince(before), hidden), statements.addTasks(key, hidden, Date.now())],
      commitStatements(
        { partition: key.partition, counted: false, deletesOwners: true, levelMin: DELETES_LEVEL },
        record,
      ),
    ),
  );
  return (results[1] as { affectedRows: number }).affectedRows;
}
