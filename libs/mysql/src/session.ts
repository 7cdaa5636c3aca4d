import { type Connection, type ConnectionOptions, createConnection } from 'mysql2';
import { DatabaseFault, faultOf } from './faults.ts';

/** The result of a statement that changes rows. `matched` counts the rows that its WHERE found, changed or not. */
export interface Changed {
  readonly matched: number;
  readonly insertId: number;
}

export interface SessionOptions {
  readonly connection: ConnectionOptions;
  /**
   * The limit for one statement, in milliseconds. One that takes longer fails, and its connection is closed, because
   * its reply may still come.
   */
  readonly statementTimeoutMs: number;
  /** Session variables besides those of every session, as SQL assignments. */
  readonly variables: readonly string[];
  /**
   * Whether several statements may be sent in one packet. Then every value must be a literal of literals.ts. Default
   * false.
   */
  readonly packets?: boolean;
}

/**
 * The variables of every session, whatever the server's defaults are. Strict mode: else a long text would be cut
 * silently. No NO_BACKSLASH_ESCAPES: else our literals would not be safe. READ COMMITTED: no gap locks between writers,
 * and each statement sees what is committed. Locks are waited for at most 3 s, in some pools less. `net_*_timeout`: the
 * server cuts off a client that froze in the middle of a packet, and frees its locks.
 */
const VARIABLES = [
  "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  "transaction_isolation = 'READ-COMMITTED'",
  "time_zone = '+00:00'",
  'innodb_lock_wait_timeout = 3',
  'net_read_timeout = 10',
  'net_write_timeout = 10',
  'autocommit = 1',
];

/** One connection. After a fault that leaves its state unknown it is `broken` and must not be used again. */
export class Session {
  broken = false;
  #lost: () => void = () => {};

  private constructor(
    readonly connection: Connection,
    readonly statementTimeoutMs: number,
  ) {
    const lose = () => {
      this.broken = true;
      this.#lost();
    };
    // Without a listener, the loss of an idle connection would end the process.
    connection.on('error', lose);
    connection.on('end', lose);
  }

  static async open(options: SessionOptions): Promise<Session> {
    const connection = createConnection({
      ...options.connection,
      charset: 'utf8mb4',
      timezone: 'Z',
      multipleStatements: options.packets ?? false,
    });
    const session = new Session(connection, options.statementTimeoutMs);
    try {
      await new Promise<void>((resolve, reject) =>
        connection.connect((error) => (error ? reject(faultOf(error)) : resolve())),
      );
      await session.change(`SET SESSION ${[...VARIABLES, ...options.variables].join(', SESSION ')}`);
      return session;
    } catch (error) {
      session.destroy();
      // A connection that cannot be made is an outage. Only a lost connection is worth an immediate retry.
      throw new DatabaseFault('outage', faultOf(error).code);
    }
  }

  /** Calls `lost` when the connection breaks, in use or idle. */
  onLost(lost: () => void): void {
    this.#lost = lost;
  }

  /** Returns the rows of a SELECT. The caller names their type; times are Dates, bytes are Buffers. */
  select<Row>(sql: string, values: readonly unknown[] = [], timeoutMs = this.statementTimeoutMs): Promise<Row[]> {
    return this.#query(sql, values, timeoutMs) as Promise<Row[]>;
  }

  /**
   * Sends one SELECT and calls `row` with each of its rows as the server sent it, in the text protocol: the bytes from
   * `start` on. They are valid during the call only.
   */
  async scan(sql: string, row: (bytes: Uint8Array, start: number, end: number) => void): Promise<void> {
    let failure: unknown;
    const read: RowReader = function (packet, connection) {
      if (packet.isEOF()) return Object.getPrototypeOf(this).row.call(this, packet, connection);
      try {
        if (failure === undefined) row(packet.buffer, packet.offset, packet.end);
      } catch (error) {
        failure = error; // the rest of the answer must be read all the same
      }
      return read;
    };
    const kept = (await this.#query(sql, [], this.statementTimeoutMs, read)) as readonly unknown[];
    if (failure !== undefined) throw failure;
    if (kept.length > 0) throw new Error('mysql2 has read the rows itself');
  }

  async change(sql: string, values: readonly unknown[] = [], timeoutMs = this.statementTimeoutMs): Promise<Changed> {
    const header = (await this.#query(sql, values, timeoutMs)) as { affectedRows: number; insertId: number };
    return { matched: header.affectedRows, insertId: header.insertId };
  }

  /**
   * Sends statements in few packets, those of `end` together in the last one, and returns the result of each. The
   * server runs no statement after a failed one; then the call rejects. Only for sessions with `packets`.
   */
  async send(statements: Iterable<string>, end: readonly string[] = []): Promise<unknown[]> {
    const results: unknown[] = [];
    for (const packet of packetsOf(statements, end)) {
      const answer = await this.#query(packet.join(';'), [], this.statementTimeoutMs);
      if (packet.length === 1) results.push(answer);
      else results.push(...(answer as unknown[]));
    }
    return results;
  }

  /** Runs `work`, which begins and commits a transaction. If it fails, rolls back and rejects with the reason. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!this.broken) await this.change('ROLLBACK').catch(() => this.destroy());
      throw error;
    }
  }

  destroy(): void {
    this.broken = true;
    this.connection.destroy();
  }

  /** Resolves when the connection is closed: properly, or cut after `graceMs` milliseconds. */
  end(graceMs = 500): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.destroy();
      resolve();
    }, graceMs);
    this.connection.end(() => {
      clearTimeout(timer);
      resolve();
    });
    return promise;
  }

  /** `row`: reads rows instead of mysql2, which then returns none. */
  #query(sql: string, values: readonly unknown[], timeout: number, row?: RowReader): Promise<unknown> {
    if (this.broken) return Promise.reject(new DatabaseFault('disconnected', 'CONNECTION_BROKEN'));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // If mysql2 gets a list of values, even an empty one, it searches the whole statement for placeholders. So it gets
    // null.
    const given = values.length === 0 ? null : (values as unknown[]);
    const command = this.connection.query({ sql, timeout, values: given }, (error: unknown, result: unknown) => {
      if (!error) return resolve(result);
      const fault = faultOf(error);
      if (fault.kind === 'disconnected' || fault.code === 'PROTOCOL_SEQUENCE_TIMEOUT') this.destroy();
      reject(fault);
    });
    if (row !== undefined) Object.assign(command, { row });
    return promise;
  }
}

/**
 * The state of mysql2's query command in which it reads rows. It returns the next state. A command with a `row` of its
 * own comes to that one.
 */
type RowReader = (this: object, packet: RowPacket, connection: unknown) => unknown;

interface RowPacket {
  readonly buffer: Uint8Array;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
}

/** The maximum length of a packet of statements, in UTF-16 units. A single longer statement is sent alone. */
const PACKET_LENGTH = 768 * 1024;

function* packetsOf(statements: Iterable<string>, end: readonly string[]): Generator<string[]> {
  let packet: string[] = [];
  let length = 0;
  for (const statement of statements) {
    if (packet.length > 0 && length + statement.length > PACKET_LENGTH) {
      yield packet;
      packet = [];
      length = 0;
    }
    packet.push(statement);
    length += statement.length;
  }
  packet.push(...end);
  if (packet.length > 0) yield packet;
}
