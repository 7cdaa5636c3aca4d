import { DatabaseFault, faultOf } from './faults.ts';
import { Session, type SessionOptions } from './session.ts';

export interface PoolOptions extends SessionOptions {
  /** Connections at most. They are opened when they are needed. */
  readonly size: number;
  /** How long a caller waits for a free connection, in milliseconds. */
  readonly acquireTimeoutMs: number;
  /** Told where a connection cannot be made. */
  readonly onRefused: (fault: DatabaseFault) => void;
  /** Callers that may wait; one more is refused at once, so that an outage does not fill the memory. */
  readonly waitingMax: number;
}

/** One who waits for a session; `expired` once it has given up. */
interface Waiting extends PromiseWithResolvers<Session> {
  expired: boolean;
}

/** How often a transaction that lost against another one is tried, all in all. */
const CONTENTION_TRIES = 4;

/**
 * Sessions to take turns with. Unlike mysql2's own pool it has a deadline for the wait, gives those who wait another
 * chance when a connection breaks, and throws away a connection whose statement timed out: the late answer would meet
 * the next user.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** Free sessions, the one used last on top. Together with those in use and those being opened: at most `size`. */
  readonly #idle: Session[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #all = new Set<Session>();
  #count = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Runs `work` with a session that nobody else uses meanwhile. Rejects with a DatabaseFault where there is none. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#acquire();
    try {
      return await work(session);
    } finally {
      this.#release(session);
    }
  }

  /** As `use`, once more where the connection turns out to be lost: `work` must be harmless to repeat. */
  async useAgain<T>(work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.use(work);
    } catch (error) {
      if (!(error instanceof DatabaseFault) || error.kind !== 'disconnected' || this.#closed) throw error;
      // What broke this connection has most likely broken the idle ones as well, unnoticed so far.
      for (const session of this.#idle.splice(0)) {
        this.#forget(session);
        session.destroy();
      }
      return this.use(work);
    }
  }

  /**
   * Runs `work`, which begins and commits a transaction, again after a deadlock, a lock timeout or a lost connection. What
   * it leaves open where it fails is rolled back.
   */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.useAgain((session) => session.transaction(() => work(session)));
      } catch (error) {
        if (!(error instanceof DatabaseFault) || error.kind !== 'contention' || tries === CONTENTION_TRIES) throw error;
        await Bun.sleep(Math.random() * 20 * tries);
      }
    }
  }

  /** Waits for nobody: whoever still uses a session sees it break off after its statement. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closed());
    await Promise.all([...this.#all].map((session) => session.end()));
    this.#all.clear();
    this.#idle.length = 0;
  }

  #acquire(): Promise<Session> {
    if (this.#closed) return Promise.reject(closed());
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.broken) return Promise.resolve(session);
      this.#forget(session);
    }
    if (this.#count < this.#options.size) return this.#open();
    return this.#wait();
  }

  async #open(): Promise<Session> {
    this.#count++;
    try {
      const session = await Session.open(this.#options);
      session.onLost(() => this.#forgetIdle(session));
      this.#all.add(session);
      if (this.#closed) session.destroy();
      return session;
    } catch (error) {
      this.#count--;
      this.#options.onRefused(faultOf(error));
      this.#serveNext();
      throw error;
    }
  }

  #wait(): Promise<Session> {
    if (this.#waiting.length >= this.#options.waitingMax) {
      return Promise.reject(new DatabaseFault('outage', 'TOO_MANY_WAITING'));
    }
    const waiting: Waiting = { ...Promise.withResolvers<Session>(), expired: false };
    this.#waiting.push(waiting);
    const timer = setTimeout(() => {
      const place = this.#waiting.indexOf(waiting);
      if (place >= 0) this.#waiting.splice(place, 1);
      waiting.expired = true;
      waiting.reject(new DatabaseFault('outage', 'NO_FREE_CONNECTION'));
    }, this.#options.acquireTimeoutMs);
    const settled = () => clearTimeout(timer);
    waiting.promise.then(settled, settled);
    return waiting.promise;
  }

  #release(session: Session): void {
    if (session.broken) {
      this.#forget(session);
      this.#serveNext();
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(session);
    else next.resolve(session);
  }

  /** A place is free: the first who waits may open a connection of its own. Where that takes too long, it is kept. */
  #serveNext(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#open().then((session) => (next.expired ? this.#release(session) : next.resolve(session)), next.reject);
  }

  #forget(session: Session): void {
    if (this.#all.delete(session)) this.#count--;
  }

  #forgetIdle(session: Session): void {
    const place = this.#idle.indexOf(session);
    if (place < 0) return;
    this.#idle.splice(place, 1);
    this.#forget(session);
  }
}

function closed(): DatabaseFault {
  return new DatabaseFault('outage', 'CLOSED');
}
