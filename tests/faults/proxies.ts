/** Sends orders to the process of the proxies between apps and servers. */
import { join } from 'node:path';
import type { ProxyBehaviour } from '@parley/testing';
import type { ProxyOrder } from './proxy-process.ts';

export type ProxyName = 'redis' | 'rabbitmq' | 'mysql' | 'elasticsearch';
type WithoutId<Order> = Order extends unknown ? Omit<Order, 'id'> : never;

const DONE_WITHIN_MS = 5_000;

export class Proxies {
  readonly #waiting = new Map<number, () => void>();
  readonly #process: Bun.Subprocess;
  #id = 0;

  constructor() {
    this.#process = Bun.spawn([process.execPath, join(import.meta.dir, 'proxy-process.ts')], {
      stdio: ['ignore', 'inherit', 'inherit'],
      ipc: ({ done }: { done: number }) => this.#waiting.get(done)?.(),
    });
  }

  open(name: ProxyName, port: number, targetPort: number): Promise<void> {
    return this.#order({ open: name, port, targetPort });
  }

  set(name: ProxyName, change: Partial<ProxyBehaviour>): Promise<void> {
    return this.#order({ set: name, change });
  }

  /** Ends all connections through one proxy. */
  cut(name: ProxyName): Promise<void> {
    return this.#order({ cut: name });
  }

  async close(): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
  }

  async #order(order: WithoutId<ProxyOrder>): Promise<void> {
    this.#id += 1;
    const id = this.#id;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error('the proxies do not answer')), DONE_WITHIN_MS);
    this.#waiting.set(id, resolve);
    this.#process.send({ id, ...order });
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    });
  }
}
