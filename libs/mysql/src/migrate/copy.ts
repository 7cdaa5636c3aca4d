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
}

/** A transaction of this size has some megabytes. */
const ROWS_AT_ONCE = 10_000;
const PROGRESS_EVERY_MS = 1_000;

/** Copies a table in the order of its key. Each transaction copies some rows and records its progress. */
export async function copyTable(session: Session, copy: Copy, progress: (progress: Progress) => void): Promise<void> {
  const { name, key, columns, values, partition } = copy;
  const [estimate] = await session.select<{ n: number | null }>(
    `SELECT table_rows AS n FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?`,
    [`before_${name}`],
  );
  const begun = performance.now();
  let reportedAt = begun;
  let rows = 0;
  for (let after = await lastKey(session, name); ; ) {
    const through = await keyBehind(session, copy, after);
    if (through === undefined) break;
    const range = [isBehind(key, after), `NOT (${isBehind(key, through)})`].join(' AND ');
    rows += await session.transaction(async () => {
      await session.change('BEGIN');
      const { matched } = await session.change(
        `INSERT INTO next_${name} (partition_number, ${columns})
         SELECT ${partition}, ${values} FROM before_${name} AS e FORCE INDEX (PRIMARY) WHERE ${range}`,
      );
      await session.change(
        `REPLACE INTO before_copied (name, last_key) VALUES (${text(name)}, ${text(JSON.stringify(through))})`,
      );
      await session.change('COMMIT');
      return matched;
    });
    after = through;
    const now = performance.now();
    if (now - reportedAt < PROGRESS_EVERY_MS) continue;
    reportedAt = now;
    const of = Math.max(rows, estimate?.n ?? 0);
    progress({ table: name, rows, of, secondsLeft: Math.round((((now - begun) / rows) * (of - rows)) / 1_000) });
  }
  const [count] = await session.select<{ n: number }>(`SELECT COUNT(*) AS n FROM next_${name}`);
  progress({ table: name, rows: count?.n ?? rows, of: count?.n ?? rows, secondsLeft: 0 });
}

/** A key's values as the hexadecimal text of HEX(), for bytes and numbers alike. */
type Key = readonly string[];

async function lastKey(session: Session, name: string): Promise<Key | undefined> {
  const [row] = await session.select<{ last_key: string }>('SELECT last_key FROM before_copied WHERE name = ?', [name]);
  return row && (JSON.parse(row.last_key) as Key);
}

/** The last key of the next rows to copy. */
async function keyBehind(session: Session, { name, key }: Copy, after: Key | undefined): Promise<Key | undefined> {
  const columns = key.map((column) => `HEX(${column}) AS ${column}`).join();
  const from = `FROM before_${name} AS e FORCE INDEX (PRIMARY) WHERE ${isBehind(key, after)}`;
  const ordered = `ORDER BY ${key.map((column) => `e.${column}`).join()}`;
  const [full] = await session.select<Record<string, string>>(
    `SELECT ${columns} ${from} ${ordered} LIMIT 1 OFFSET ${ROWS_AT_ONCE - 1}`,
  );
  const [last] =
    full === undefined
      ? await session.select<Record<string, string>>(
          `SELECT ${columns} ${from} ORDER BY ${key.map((column) => `e.${column} DESC`).join()} LIMIT 1`,
        )
      : [full];
  return last && key.map((column) => last[column] ?? '');
}

/** Written out, because MySQL does not use an index for `(a, b) > (…)`. */
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
