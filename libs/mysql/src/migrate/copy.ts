import { text } from '../literals.ts';
import type { Session } from '../session.ts';

/** The progress of a table's copy. */
export interface Progress {
  readonly table: string;
  readonly rows: number;
  /** The approximate number of rows in all. */
  readonly of: number;
  /** The approximate time for the rest of this table, in seconds. */
  readonly secondsLeft: number;
}

export interface Copy {
  /** Rows are copied from `before_<name>` to `next_<name>`. */
  readonly name: string;
  /** The primary key of the source. */
  readonly key: readonly string[];
  /** The columns of the target, without `partition_number`. */
  readonly columns: string;
  /** Their values, from a row `e` of the source. */
  readonly values: string;
  /** The partition of a row of the source, as SQL. */
  readonly partition: string;
  /** Rows copied in one transaction: a few megabytes, or a few seconds if each row counts rows of another table. */
  readonly rowsAtOnce: number;
}

const PROGRESS_EVERY_MS = 1_000;

/** The recorded progress of a table's copy. */
interface Copied {
  readonly last_key: string;
  readonly rows_copied: number;
}

/** Copies a table in the order of its key. Each transaction copies some rows and records its progress. */
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

/** The last key of the next rows to copy. */
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

/** The comparison is written out: MySQL does not use an index for `(a, b) > (…)`. */
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
