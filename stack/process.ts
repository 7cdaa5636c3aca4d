/**
 * The stack's processes: started detached, known by a record on disk, ended by pid. Another process may have the pid by
 * now, so the record also holds the start time.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  /** In clock ticks since the machine's start. Pid and start time together identify the process for ever. */
  readonly bornAt: string;
  /** The session in which the process started, named by its first process: this one, or one that has ended. */
  readonly session: number;
  readonly sessionBornAt: string;
  readonly port: number;
  /** Processes with a lower number are stopped earlier. */
  readonly stopOrder: number;
  readonly stopSignal: StopSignal;
  /** A hash of the command and its configuration: if it has changed, `up` restarts the process. */
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

/** A process's start time; undefined if it does not exist. A zombie does not count, once all its threads have ended. */
export function birth(pid: number): string | undefined {
  return lookUp(pid)?.bornAt;
}

function lookUp(pid: number): { session: number; bornAt: string } | undefined {
  try {
    // The program's name, in brackets, may contain spaces and brackets.
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

/** Sends the record's stop signal, and KILL after `deadlineMs`. Resolves when the process and its children are gone. */
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
 * that we started; the system does not reuse its id while one of them lives.
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
  // The session's id now belongs to a new process: none of ours can be left.
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
