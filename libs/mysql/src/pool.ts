import { DatabaseFault, faultOf } from './faults.ts';
import { Session, type SessionOptions } from './session.ts';

export interface PoolOptions extends SessionOptions {
  /** The maximum number of connections, opened when needed. */
  readonly size: number;
  /** How long a caller waits for a free connection, in milliseconds. */
  readonly acquireTimeoutMs: number;
  readonly onRefused: (fault: DatabaseFault) => void;
  /** How many callers may wait. One more is refused at once, so that an outage does not fill the memory. */
  readonly waitingMax: number;
}

/** A caller that waits for a session; `expired` once it has given up. */
interface Waiting extends PromiseWithResolvers<Session> {
  expired: boolean;
}

/** How often a transaction is tried in all, if a deadlock or lock timeout ends it. */
const CONTENTION_TRIES = 4;

/**
 * A pool of sessions. Unlike mysql2's pool it limits the wait for a session, lets waiting callers open a new connection
 * when one breaks, and closes a connection whose statement timed out. Else the late reply would reach its next user.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** Free sessions. The last one is used first. With those in use and those being opened there are at most `size`. */
  readonly #idle: Session[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #all = new Set<Session>();
  #count = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Runs `work` with a session that no other caller uses. Rejects with a DatabaseFault if there is no session. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#acquire();
    try {
      return await work(session);
    } finally {
      this.#release(session);
    }
  }

  /** Like `use`, but runs `work` once more if the connection was lost: it must be safe to repeat. */
  async useAgain<T>(work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.use(work);
    } catch (error) {
      if (!(error instanceof DatabaseFault) || error.kind !== 'disconnected' || this.#closed) throw error;
      // The cause of the loss has probably broken the idle connections too.
      for (const session of this.#idle.splice(0)) {
        this.#forget(session);
        session.destroy();
      }
      return this.use(work);
    }
  }

  /**
   * Runs `work`, which begins and commits a transaction. Runs it again after a deadlock, a lock timeout or a lost
   * connection. A transaction that fails is rolled back.
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

  /** Does not wait for running work: each session closes after its present statement, or after 500 ms. */
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

  /** Opens a connection for the first waiting caller. If it has given up meanwhile, the pool keeps the connection. */
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
