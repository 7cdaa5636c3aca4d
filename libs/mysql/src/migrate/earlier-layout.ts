import { partitionOf, type StoredRanges } from '@parley/domain';
import { DatabaseFault } from '../faults.ts';
import { LEVEL } from '../level.ts';
import { integer, text } from '../literals.ts';
import type { Session } from '../session.ts';
import { copyTable, type Progress } from './copy.ts';

/**
 * Converts the earlier layout, whose keys did not begin with the partition. First one statement renames its tables:
 * from then on earlier programs find no table and hold their events back, so the copy misses nothing. The rows are
 * copied into tables with temporary names. At the end one statement gives them their final names. After a crash the
 * next call continues. If somebody has changed the tables meanwhile, it copies all rows again.
 */

export type { Progress };

/** The tables of the earlier layout that are converted. `search_indices` stays as it is. */
const EARLIER = [
  'applications',
  'chats',
  'messages',
  'batches',
  'idempotency',
  'epochs',
  'counter_generations',
  'partitioning',
];
/** The tables of the present layout that are filled under temporary names. */
const FILLED = ['partitions', 'applications', 'chats', 'messages', 'batches', 'idempotency', 'installation'];

/**
 * Converts the tables of the earlier layout, if there are any. `baseline`: the statements that create the present
 * tables. `configured`: the number of partitions, unless the earlier tables have recorded one.
 */
export async function convert(
  session: Session,
  baseline: readonly string[],
  configured: number,
  progress: (progress: Progress) => void = () => {},
): Promise<void> {
  const names = await tableNames(session);
  if (names.has('counter_generations')) {
    await dropCopies(session, names); // of an earlier attempt, after which the tables got their names back
    const renames = EARLIER.map((name) => `\`${name}\` TO \`before_${name}\``);
    await session.change(`RENAME TABLE ${renames.join()}`);
  } else if (!names.has('before_messages') || names.has('messages')) return;
  else if (!(await isAsRecorded(session, names))) await dropCopies(session, names);
  await session.change(CREATE_COPIED);
  for (const sql of baseline) await session.change(sql.replace('CREATE TABLE IF NOT EXISTS `', '$&next_'));
  const [kept] = await session.select<{ partitions: number }>('SELECT partitions FROM before_partitioning');
  const partitions = kept?.partitions ?? configured;
  // Messages, then chats, then applications: the counts are taken from the rows that are already copied.
  await copyTable(session, MESSAGES(partitions), progress);
  await copyTable(session, CHATS(partitions), progress);
  await copyTable(session, APPLICATIONS(partitions), progress);
  await copyTable(session, KEYS(partitions), progress);
  await copyWaiting(session, partitions);
  if (kept !== undefined) {
    await session.change(`INSERT IGNORE INTO next_installation (id, partitions) VALUES (1, ${integer(partitions)})`);
  }
  await checkComplete(session);
  for (const name of NOT_FILLED) await session.change(`DROP TABLE next_${name}`);
  await session.change(`RENAME TABLE ${FILLED.map((name) => `next_${name} TO ${name}`).join()}`);
}

/**
 * Present tables that get no copied rows: their temporary ones are dropped. The migration that follows creates those
 * that are missing.
 */
const NOT_FILLED = ['programs', 'search_indices'];

const COPIED = ['messages', 'chats', 'applications', 'idempotency'];

/** Whether the copies have the rows that `before_copied` says: if somebody has dropped one, it has fewer. */
async function isAsRecorded(session: Session, names: ReadonlySet<string>): Promise<boolean> {
  if (!names.has('before_copied')) return false;
  const copied = await session.select<{ name: string; rows_copied: number }>(
    'SELECT name, rows_copied FROM before_copied',
  );
  for (const { name, rows_copied } of copied) {
    if (!names.has(`next_${name}`) || (await rowsIn(session, `next_${name}`)) !== rows_copied) return false;
  }
  return true;
}

/** Throws if a copy has not as many rows as its original, which is dropped next. */
async function checkComplete(session: Session): Promise<void> {
  for (const name of COPIED) {
    const [before, next] = [await rowsIn(session, `before_${name}`), await rowsIn(session, `next_${name}`)];
    if (before !== next)
      throw new DatabaseFault('outage', `COPY_OF_${name.toUpperCase()}_HAS_${next}_OF_${before}_ROWS`);
  }
}

async function rowsIn(session: Session, table: string): Promise<number> {
  const [row] = await session.select<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`);
  return row?.n ?? 0;
}

async function dropCopies(session: Session, names: ReadonlySet<string>): Promise<void> {
  const copies = [...names].filter((name) => name.startsWith('next_') || name === 'before_copied');
  if (copies.length > 0) await session.change(`DROP TABLE ${copies.join()}`);
}

export async function hasEarlierTables(session: Session): Promise<boolean> {
  const names = await tableNames(session);
  return names.has('counter_generations') || names.has('before_copied');
}

/** Drops the earlier tables. Call it when everything is copied and the migration is recorded. */
export async function dropEarlierTables(session: Session): Promise<void> {
  const tables = EARLIER.map((name) => `before_${name}`);
  await session.change(`DROP TABLE IF EXISTS ${tables.join()}`);
  await session.change('DROP TABLE IF EXISTS before_copied');
}

async function tableNames(session: Session): Promise<Set<string>> {
  const rows = await session.select<{ name: string }>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  );
  return new Set(rows.map(({ name }) => name));
}

/** How far each table is copied: the key of its last copied row, as JSON. */
const CREATE_COPIED = `CREATE TABLE IF NOT EXISTS before_copied
  (name varchar(64) NOT NULL PRIMARY KEY, last_key varchar(255) NOT NULL, rows_copied bigint NOT NULL)`;

/** SQL that computes the same as `partitionOf`. */
const partitionIn = (column: string, partitions: number) =>
  `CONV(HEX(LEFT(${column}, 4)), 16, 10) % ${integer(partitions)}`;

const MESSAGES = (partitions: number) => ({
  name: 'messages',
  key: ['token', 'chat_number', 'number'],
  columns: 'token, chat_number, number, content, event_id, version, created_at, updated_at',
  values: `token, chat_number, number, content, event_id, version, created_at, updated_at`,
  partition: partitionIn('token', partitions),
  rowsAtOnce: 10_000,
});

const CHATS = (partitions: number) => ({
  name: 'chats',
  key: ['token', 'number'],
  columns: 'token, number, name, messages_count, event_id, created_at, updated_at',
  values: `token, number, name, (SELECT COUNT(*) FROM next_messages AS m
    WHERE m.partition_number = ${partitionIn('e.token', partitions)} AND m.token = e.token AND m.chat_number = e.number),
    event_id, created_at, updated_at`,
  partition: partitionIn('token', partitions),
  rowsAtOnce: 20,
});

const APPLICATIONS = (partitions: number) => ({
  name: 'applications',
  key: ['token'],
  columns: 'token, name, chats_count, event_id, created_at, updated_at',
  values: `token, name, (SELECT COUNT(*) FROM next_chats AS c
    WHERE c.partition_number = ${partitionIn('e.token', partitions)} AND c.token = e.token),
    event_id, created_at, updated_at`,
  partition: partitionIn('token', partitions),
  rowsAtOnce: 1_000,
});

const KEYS = (partitions: number) => ({
  name: 'idempotency',
  key: ['scope', 'key_hash'],
  columns: 'scope, key_hash, body_hash, event_id, token, first, epoch, at',
  values: 'scope, key_hash, body_hash, event_id, token, first, epoch, at',
  partition: partitionIn('token', partitions),
  rowsAtOnce: 10_000,
});

const BATCHES_AT_ONCE = 500;

interface Waiting {
  readonly id: number;
  readonly messages: StoredRanges;
  readonly created_at: Date;
}

/**
 * Copies the batches that are not indexed, by partition, and creates the partitions' rows. No batch needs counting: the
 * counts were taken from the copied rows. The numbers of counter generations continue, because Redis may have counts of
 * earlier ones.
 */
async function copyWaiting(session: Session, partitions: number): Promise<void> {
  const [open] = await session.select<{ generation: number }>(
    "SELECT generation FROM before_counter_generations WHERE name = 'open'",
  );
  if (open === undefined) throw new DatabaseFault('outage', 'NO_COUNTER_GENERATION');
  await session.change('DELETE FROM next_batches');
  const seqs = Array<number>(partitions).fill(0);
  for (let after = 0; ; ) {
    const waiting = await session.select<Waiting>(
      `SELECT id, messages, created_at FROM before_batches WHERE indexed = 0 AND id > ${integer(after)}
       ORDER BY id LIMIT ${BATCHES_AT_ONCE}`,
    );
    for (const batch of waiting) await copyBatch(session, seqs, batch);
    const last = waiting.at(-1);
    if (last === undefined) break;
    after = last.id;
  }
  for (const [partition, seq] of seqs.entries()) {
    await session.change(
      `INSERT INTO next_partitions (partition_number, seq, epoch, oldest, generation, flushed, level)
       SELECT ${integer(partition)}, ${integer(seq)}, COALESCE(MAX(epoch), 0), COALESCE(MAX(oldest), 0),
         ${integer(open.generation + 1)}, ${integer(open.generation)}, ${LEVEL}
       FROM before_epochs WHERE partition_number = ${integer(partition)}
       ON DUPLICATE KEY UPDATE seq = VALUES(seq)`,
    );
  }
}

async function copyBatch(session: Session, seqs: number[], { messages, created_at }: Waiting): Promise<void> {
  for (const [partition, own] of Map.groupBy(messages, ([token]) => partitionOf(token, seqs.length))) {
    const seq = (seqs[partition] ?? 0) + 1;
    seqs[partition] = seq;
    const documents = own.flatMap(([, ranges]) => ranges).reduce((sum, [, first, last]) => sum + last - first + 1, 0);
    await session.change(
      `INSERT INTO next_batches (partition_number, seq, generation, messages, chats, documents, indexed, created_at)
       VALUES (${integer(partition)}, ${integer(seq)}, 0, ${text(JSON.stringify(own))}, '[]', ${integer(documents)}, 0, ?)`,
      [created_at],
    );
  }
}
