import { type Recounted, type Sequence, sequenceKey, type Token } from '@parley/domain';
import { bytes, integer, tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import { generationOf } from './flush.ts';
import { sumBatches } from './sums.ts';

/** A chat of ten million messages is counted in a few seconds. */
const COUNT_TIMEOUT_MS = 120_000;
/** The hint ends the statement in the server too, where the client has given it up. */
const HINT = `/*+ MAX_EXECUTION_TIME(${COUNT_TIMEOUT_MS}) */`;
/** Before every token. */
const NO_TOKEN: Token = '00000000-0000-0000-0000-000000000000';

interface Counted {
  readonly sequence: Sequence;
  readonly count: number;
  readonly rows: number;
}

/** Applications first, then chats. All is read from one snapshot, so appends and flushes meanwhile make no drift. */
export function recount(pool: Pool, after: Sequence | undefined, limit: number): Promise<Recounted> {
  return pool.useAgain(async (session) => {
    await session.change('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    return session.transaction(
      () => compare(session, after ?? { kind: 'chats', token: NO_TOKEN }, limit),
      'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
    );
  });
}

async function compare(session: Session, after: Sequence, limit: number): Promise<Recounted> {
  const counted =
    after.kind === 'chats' ? await countChats(session, after.token, limit) : await countMessages(session, after, limit);
  const flushed = await generationOf(session, 'flushed');
  const waiting = await sumBatches(session, flushed, await generationOf(session, 'open'));
  const drifts = counted.flatMap(({ sequence, count, rows }) => {
    const expected = rows - (waiting.get(sequenceKey(sequence))?.count ?? 0);
    return expected === count ? [] : [{ sequence, expected, found: count }];
  });
  const next = nextAfter(after, counted, limit);
  return { checked: counted.length, drifts, ...(next === undefined ? {} : { next }) };
}

function nextAfter(after: Sequence, counted: readonly Counted[], limit: number): Sequence | undefined {
  if (counted.length >= limit) return counted.at(-1)?.sequence;
  return after.kind === 'chats' ? { kind: 'messages', token: NO_TOKEN, chat: 0 } : undefined;
}

async function countChats(session: Session, after: Token, limit: number): Promise<Counted[]> {
  const rows = await session.select<{ token: Buffer; count: number; row_count: number }>(
    countChatsStatement(after, limit),
    [],
    COUNT_TIMEOUT_MS,
  );
  return rows.map(({ token, count, row_count }) => ({
    sequence: { kind: 'chats', token: tokenOf(token) },
    count,
    rows: row_count,
  }));
}

async function countMessages(
  session: Session,
  after: { readonly token: Token; readonly chat: number },
  limit: number,
): Promise<Counted[]> {
  const rows = await session.select<{ token: Buffer; chat: number; count: number; row_count: number }>(
    countMessagesStatement(after, limit),
    [],
    COUNT_TIMEOUT_MS,
  );
  return rows.map(({ token, chat, count, row_count }) => ({
    sequence: { kind: 'messages', token: tokenOf(token), chat },
    count,
    rows: row_count,
  }));
}

export function countChatsStatement(after: Token, limit: number): string {
  return `SELECT ${HINT} a.token, a.chats_count AS count,
      (SELECT COUNT(*) FROM chats AS c FORCE INDEX (PRIMARY) WHERE c.token = a.token) AS row_count
    FROM applications AS a FORCE INDEX (PRIMARY)
    WHERE a.token > ${bytes(after)} ORDER BY a.token LIMIT ${integer(limit)}`;
}

export function countMessagesStatement(after: { readonly token: Token; readonly chat: number }, limit: number): string {
  const token = bytes(after.token);
  return `SELECT ${HINT} c.token, c.number AS chat, c.messages_count AS count,
      (SELECT COUNT(*) FROM messages AS m FORCE INDEX (PRIMARY)
       WHERE m.token = c.token AND m.chat_number = c.number) AS row_count
    FROM chats AS c FORCE INDEX (PRIMARY)
    WHERE c.token > ${token} OR (c.token = ${token} AND c.number > ${integer(after.chat)})
    ORDER BY c.token, c.number LIMIT ${integer(limit)}`;
}
