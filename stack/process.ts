/**
 * The stack's processes: started detached, known by a record on disk, ended by pid. A pid alone may by now be somebody
 * else's, so the record also holds the time at which the process was born.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  /** In clock ticks since the machine's start; with the pid it names a process for good. */
  readonly bornAt: string;
  /** The session that it was started in, by its first process: the one above, or one that has left since. */
  readonly session: number;
  readonly sessionBornAt: string;
  readonly port: number;
  /** Processes with a lower one are stopped earlier. */
  readonly stopOrder: number;
  readonly stopSignal: StopSignal;
  /** Of the command and its configuration: when it differs, `up` starts the process anew. */
  readonly fingerprint: string;
}

export type StopSignal = 'SIGTERM' | 'SIGQUIT';

export interface Launch {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly logFile: string;
}

/** Starts it in a session of its own, so that a Ctrl-C meant for us does not reach it. @returns its pid */
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

/** When the process was born, or undefined if there is none (a zombie is none, once all its threads have ended). */
export function birth(pid: number): string | undefined {
  return lookUp(pid)?.bornAt;
}

function lookUp(pid: number): { session: number; bornAt: string } | undefined {
  try {
    // The program's name, in brackets, may itself hold spaces and brackets.
    const [, fields = ''] = /^.*\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    const [state, , , session, ...more] = fields.split(' ');
    // A zombie's other threads may still be ending, and hold its ports until they have.
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

/** Asks with its signal, insists with KILL after `deadlineMs`; returns when it and all that it started are gone. */
export async function stop(record: ProcessRecord, deadlineMs: number): Promise<void> {
  const until = Date.now() + deadlineMs;
  if (isAlive(record)) send(record.pid, record.stopSignal);
  while (isAlive(record) && Date.now() < until) await Bun.sleep(STOP_POLL_MS);
  if (isAlive(record)) send(record.pid, 'SIGKILL');
  while (isAlive(record)) await Bun.sleep(STOP_POLL_MS);
  await stopOrphans(record, deadlineMs);
}

/**
 * What a killed program leaves behind, such as the workers of an nginx, which then hold its port. They are still in the
 * session that we started; its id cannot be given to another while one of them lives.
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
  // The number went to a new process: none of ours can be left.
  if (leader !== undefined && leader !== sessionBornAt) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && lookUp(pid)?.session === session);
}

function send(pid: number, signal: StopSignal | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
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
