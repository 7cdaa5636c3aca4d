/** Starts and stops services, whatever they are. All start at once, but each after those that it needs. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hasListener, isReady } from './probe.ts';
import { birth, isAlive, launch, type ProcessRecord, Records, stop } from './process.ts';
import type { Service } from './service.ts';
import { SERVICE_USER } from './settings.ts';
import { logFileOf, makeOwnFolders, narrowLogs } from './state-folder.ts';

/** Time to become ready. A cold Elasticsearch on a busy machine takes longest. */
const READY_WITHIN_MS = 90_000;
const READY_POLL_MS = 100;
/**
 * After this time a process is killed. A broker or database may take a while to stop; if killed, it needs a recovery.
 */
export const STOP_WITHIN_MS = 20_000;
const LOG_LINES_SHOWN = 15;

export class NotReady extends Error {
  override readonly name = 'NotReady';
}

export class Supervisor {
  readonly #stateDir: string;
  readonly records: Records;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.records = new Records(`${stateDir}/run`);
  }

  /**
   * Starts services that do not run, restarts those whose configuration has changed, and waits until all are ready.
   * @throws {NotReady} for the first that ends or is not ready in time, with the end of its log
   */
  async up(services: readonly Service[]): Promise<void> {
    makeOwnFolders(this.#stateDir);
    const ready = new Map<string, Promise<void>>();
    const after = async (service: Service): Promise<void> => {
      for (const name of service.needs ?? []) await ready.get(name);
      await this.#up(service);
    };
    for (const service of services)
      ready.set(
        service.name,
        Promise.resolve().then(() => after(service)),
      );
    // Waits for all even if one fails, so that none is still starting on return.
    for (const result of await Promise.allSettled(ready.values()))
      if (result.status === 'rejected') throw result.reason;
  }

  async #up(service: Service): Promise<void> {
    const known = this.records.find(service.name);
    const asWanted = known !== undefined && isAlive(known) && known.fingerprint === fingerprintOf(service);
    if (asWanted && (await this.#isReadyInTime(service, known))) return;
    if (known !== undefined) await stop(known, STOP_WITHIN_MS);
    const startedAt = performance.now();
    await refuseTakenPort(service);
    await service.prepare();
    narrowLogs(this.#stateDir);
    const record = await this.#start(service);
    if (!(await this.#isReadyInTime(service, record))) throw this.#notReady(service, 'ended while it was starting');
    console.log(
      `${service.name} is ready on port ${service.port} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`,
    );
  }

  async #start(service: Service): Promise<ProcessRecord> {
    const logFile = logFileOf(this.#stateDir, service.name);
    const { command, env, cwd, name, port, stopOrder } = service;
    const pid = launch({ command, env, cwd, logFile });
    const bornAt = birth(pid) ?? 'gone';
    const first: ProcessRecord = {
      ...{ name, pid, bornAt, session: pid, sessionBornAt: bornAt, port, stopOrder },
      stopSignal: service.stopSignal ?? 'SIGTERM',
      fingerprint: fingerprintOf(service),
    };
    // Recorded before anything else can fail, so that `down` finds the process.
    this.records.write(first);
    if (service.pidFile === undefined) return first;
    const stayingPid = await this.#pidFrom(service.pidFile, service, first);
    const staying = { ...first, pid: stayingPid, bornAt: birth(stayingPid) ?? 'gone' };
    this.records.write(staying);
    return staying;
  }

  async #pidFrom(file: string, service: Service, launcher: ProcessRecord): Promise<number> {
    const until = Date.now() + READY_WITHIN_MS;
    for (;;) {
      const ended = !isAlive(launcher);
      const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
      if (pid > 0) return pid;
      if (ended) throw this.#notReady(service, 'ended while it was starting');
      if (Date.now() > until) throw this.#notReady(service, `did not start within ${READY_WITHIN_MS / 1_000} s`);
      await Bun.sleep(READY_POLL_MS);
    }
  }

  /** Waits until the service is ready. @returns false if its process ended @throws {NotReady} after READY_WITHIN_MS */
  async #isReadyInTime(service: Service, record: ProcessRecord): Promise<boolean> {
    const until = Date.now() + READY_WITHIN_MS;
    while (!(await isReady(service.name, service.port))) {
      if (!isAlive(record)) return false;
      if (Date.now() > until) throw this.#notReady(service, `was not ready within ${READY_WITHIN_MS / 1_000} s`);
      await Bun.sleep(READY_POLL_MS);
    }
    return true;
  }

  #notReady({ name }: Service, what: string): NotReady {
    const file = logFileOf(this.#stateDir, name);
    const end = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
    return new NotReady(`${name} ${what}. The end of ${file}:\n${end}`);
  }

  /**
   * Stops the recorded processes that `which` selects, in stop order: intake first, servers last; equal ones together.
   */
  async down(which: (record: ProcessRecord) => boolean = () => true): Promise<void> {
    const groups = Map.groupBy(this.records.all().filter(which), (record) => record.stopOrder);
    for (const [, group] of [...groups].sort(([a], [b]) => a - b)) {
      await Promise.all(
        group.map(async (record) => {
          await stop(record, STOP_WITHIN_MS);
          this.records.remove(record.name);
        }),
      );
    }
  }
}

function fingerprintOf({ command, env, configuration }: Service): string {
  const decisive = JSON.stringify([command, Object.entries(env).sort(), configuration, SERVICE_USER]);
  return createHash('sha256').update(decisive).digest('hex').slice(0, 16);
}

/**
 * Throws if the port is taken: the other program would count as our server. The check connects. It does not try to
 * listen: nginx might send a request to that short-lived listener, which would be lost.
 */
async function refuseTakenPort({ name, port }: Service): Promise<void> {
  if (await hasListener(port)) {
    throw new NotReady(`Port ${port}, meant for ${name}, is taken by another program. (docs/running.md: ports.)`);
  }
}
