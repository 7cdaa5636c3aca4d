/** Starts the HTTP floors of http-process.ts, a process for each, so that each one's CPU can be measured. */
import { ASSUMED_MEMORY_BYTES } from '@parley/stack/apps';
import { launched } from '../children.ts';

export interface HttpFloor {
  readonly url: string;
  readonly pid: number;
}

export class HttpFloors {
  readonly #children: Bun.Subprocess[] = [];

  async open(kind: 'bare' | 'inside' | 'listener'): Promise<HttpFloor> {
    const command = [process.execPath, `${import.meta.dir}/http-process.ts`];
    // Bun assumes the same memory as in our programs; otherwise the floor's heap would grow larger than theirs.
    const env = { ...process.env, NODE_ENV: 'production', BUN_JSC_forceRAMSize: String(ASSUMED_MEMORY_BYTES) };
    const child = launched(command, env, 'pipe');
    this.#children.push(child);
    const { value } = (await child.stdout?.getReader().read()) ?? {};
    const ports = JSON.parse(new TextDecoder().decode(value)) as Record<typeof kind, number>;
    return { url: `http://127.0.0.1:${ports[kind]}`, pid: child.pid };
  }

  async close(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      child.kill();
      await child.exited;
    }
  }
}
