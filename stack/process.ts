/**
 * The stack's processes: started detached, recorded on disk, ended by pid. After a process has ended, another one may
 * get its pid, so the record also holds the start time.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  /** The start time, in clock ticks since the machine's start. With the pid it identifies the process for ever. */
  readonly bornAt: string;
  /** The id of its session: the pid of the session's first process, which is this process or one that has ended. */
  readonly session: number;
  readonly sessionBornAt: string;
  readonly port: number;
  /** Processes with a lower number are stopped earlier. */
  readonly stopOrder: number;
  readonly stopSignal: StopSignal;
  /** A hash of the command, its environment and configuration: if it has changed, `up` restarts the process. */
  readonly fingerprint: string;
}

export type StopSignal = 'SIGTERM' | 'SIGQUIT';

export interface Launch {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly logFile: string;
}

/** Starts a process in a session of its own, so that a Ctrl-C for us does not reach it. @returns its pid */
export function launch({ command, env, cwd, logFile }: Launch): number {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = Bun.spawn([...command], {
      env: { ...env },
      cwd,
      stdin: 'ignore',
      stdout: log,
      stderr: log,
      detached: true,
    });
    child.unref();
    return child.pid;
  } finally {
    closeSync(log);
  }
}

/**
 * Returns a process's start time; undefined if it has ended. A zombie counts as ended once all its threads have ended.
 */
export function birth(pid: number): string | undefined {
  return lookUp(pid)?.bornAt;
}

function lookUp(pid: number): { session: number; bornAt: string } | undefined {
  try {
    // In this file, the program's name is in brackets and may contain spaces and brackets.
    const [, fields = ''] = /^.*\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    const [state, , , session, ...more] = fields.split(' ');
    // A zombie's other threads may still be ending; until then they hold its ports.
    const isGone = state === 'X' || (state === 'Z' && Number(more[13]) <= 1);
    return isGone ? undefined : { session: Number(session), bornAt: more[15] ?? '' };
  } catch {
    return undefined;
  }
}

export function isAlive(process: Pick<ProcessRecord, 'pid' | 'bornAt'>): boolean {
  const born = birth(process.pid);
  return born !== undefined && born === process.bornAt;
}

const STOP_POLL_MS = 50;

/**
 * Stops a process by its stop signal, by KILL after `deadlineMs`. Resolves when all processes of its session are gone.
 */
export async function stop(record: ProcessRecord, deadlineMs: number): Promise<void> {
  const until = Date.now() + deadlineMs;
  if (isAlive(record)) send(record.pid, record.stopSignal);
  while (isAlive(record) && Date.now() < until) await Bun.sleep(STOP_POLL_MS);
  if (isAlive(record)) send(record.pid, 'SIGKILL');
  while (isAlive(record)) await Bun.sleep(STOP_POLL_MS);
  await stopOrphans(record, deadlineMs);
}

/**
 * Ends what a killed program leaves behind, such as nginx's workers, which still hold its port. They are in the session
 * that we started; Linux does not reuse a session's id while one of its processes lives.
 */
async function stopOrphans(record: ProcessRecord, deadlineMs: number): Promise<void> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    const left = membersOf(record);
    if (left.length === 0) return;
    for (const pid of left) send(pid, Date.now() < until ? 'SIGTERM' : 'SIGKILL');
    await Bun.sleep(STOP_POLL_MS);
  }
}

function membersOf({ session, sessionBornAt }: ProcessRecord): number[] {
  const leader = birth(session);
  // A new process has the session's id as its pid, so none of the session's processes can be left.
  if (leader !== undefined && leader !== sessionBornAt) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && lookUp(pid)?.session === session);
}

function send(pid: number, signal: StopSignal | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process ended meanwhile.
  }
}

/** The records of one stack: a file for each process. */
export class Records {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  all(): ProcessRecord[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => JSON.parse(readFileSync(`${this.#folder}/${file}`, 'utf8')) as ProcessRecord)
      .sort((a, b) => a.stopOrder - b.stopOrder || a.name.localeCompare(b.name));
  }

  find(name: string): ProcessRecord | undefined {
    return this.all().find((record) => record.name === name);
  }

  write(record: ProcessRecord): void {
    const file = `${this.#folder}/${record.name}.json`;
    writeFileSync(`${file}.partial`, JSON.stringify(record));
    renameSync(`${file}.partial`, file);
  }

  remove(name: string): void {
    rmSync(`${this.#folder}/${name}.json`, { force: true });
  }
}
