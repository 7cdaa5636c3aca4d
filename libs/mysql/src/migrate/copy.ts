import { text } from '../literals.ts';
import type { Session } from '../session.ts';

export interface Progress {
  readonly table: string;
  readonly rows: number;
  /** The approximate number of rows of the whole table. */
  readonly of: number;
  readonly secondsLeft: number;
}

export interface Copy {
  /** The table. Rows are copied from `before_<name>` to `next_<name>`. */
  readonly name: string;
  /** The columns of the primary key of `before_<name>`. */
  readonly key: readonly string[];
  /** The columns of `next_<name>`, without `partition_number`. */
  readonly columns: string;
  /** The values of `columns` as SQL, from a row `e` of `before_<name>`. */
  readonly values: string;
  /** The partition of a row of `before_<name>`, as SQL. */
  readonly partition: string;
  /** Rows copied in one transaction: a few megabytes, or a few seconds if each row counts rows of another table. */
  readonly rowsAtOnce: number;
}

const PROGRESS_EVERY_MS = 1_000;

/** How far a table is copied, as recorded in `before_copied`. */
interface Copied {
  readonly last_key: string;
  readonly rows_copied: number;
}

/**
 * Copies a table in the order of its key. Each transaction copies some rows and records the last key, where the next
 * call continues after a crash.
 */
export async function copyTable(session: Session, copy: Copy, progress: (progress: Progress) => void): Promise<void> {
  const { name, key, columns, values, partition, rowsAtOnce } = copy;
  const [estimate] = await session.select<{ n: number | null }>(
    `SELECT table_rows AS n FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?`,
    [`before_${name}`],
  );
  const [copied] = await session.select<Copied>('SELECT last_key, rows_copied FROM before_copied WHERE name = ?', [
    name,
  ]);
  const before = copied?.rows_copied ?? 0;
  const begun = performance.now();
  let reportedAt = begun;
  let rows = before;
  for (let after = copied && (JSON.parse(copied.last_key) as Key); ; ) {
    const through = await lastOfNext(session, copy, after);
    if (through === undefined) break;
    rows += await session.transaction(async () => {
      await session.change('BEGIN');
      const { matched } = await session.change(
        `INSERT INTO next_${name} (partition_number, ${columns})
         SELECT ${partition}, ${values} FROM before_${name} AS e FORCE INDEX (PRIMARY)
         WHERE ${isBehind(key, after)} ORDER BY ${ordered(key)} LIMIT ${rowsAtOnce}`,
      );
      await session.change(
        `REPLACE INTO before_copied (name, last_key, rows_copied)
         VALUES (${text(name)}, ${text(JSON.stringify(through))}, ${rows + matched})`,
      );
      await session.change('COMMIT');
      return matched;
    });
    after = through;
    const now = performance.now();
    if (now - reportedAt < PROGRESS_EVERY_MS) continue;
    reportedAt = now;
    const of = Math.max(rows, estimate?.n ?? 0);
    const msPerRow = (now - begun) / (rows - before);
    progress({ table: name, rows, of, secondsLeft: Math.round((msPerRow * (of - rows)) / 1_000) });
  }
  progress({ table: name, rows, of: rows, secondsLeft: 0 });
}

/** A key's values as the hexadecimal text of HEX(), for bytes and numbers alike. */
type Key = readonly string[];

/** The key of the last of the next `rowsAtOnce` rows; undefined if none is left. */
async function lastOfNext(session: Session, copy: Copy, after: Key | undefined): Promise<Key | undefined> {
  const { name, key, rowsAtOnce } = copy;
  const columns = key.map((column) => `HEX(${column}) AS ${column}`).join();
  const select = `SELECT ${columns} FROM before_${name} AS e FORCE INDEX (PRIMARY) WHERE ${isBehind(key, after)}`;
  const inFull = await session.select<Record<string, string>>(
    `${select} ORDER BY ${ordered(key)} LIMIT 1 OFFSET ${rowsAtOnce - 1}`,
  );
  const rest = () => session.select<Record<string, string>>(`${select} ORDER BY ${ordered(key, ' DESC')} LIMIT 1`);
  const [last] = inFull.length > 0 ? inFull : await rest();
  return last && key.map((column) => last[column] ?? '');
}

function ordered(key: readonly string[], direction = ''): string {
  return key.map((column) => `e.${column}${direction}`).join();
}

/**
 * A condition in SQL: the key is above `after`. Written out by column: MySQL does not use an index for `(a, b) > (…)`.
 */
function isBehind(key: readonly string[], after: Key | undefined): string {
  if (after === undefined) return 'TRUE';
  const terms = key.map((column, place) => {
    const before = key.slice(0, place).map((name, index) => `e.${name} = ${literal(after[index])}`);
    return `(${[...before, `e.${column} > ${literal(after[place])}`].join(' AND ')})`;
  });
  return `(${terms.join(' OR ')})`;
}

/** MySQL reads a hexadecimal literal as bytes if it is compared with a binary column, else as a number. */
function literal(hexadecimal = ''): string {
  return `0x${hexadecimal.length % 2 === 0 ? hexadecimal : `0${hexadecimal}`}`;
}
