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
  const log = openSync(logFile, 'a');
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

/** When the process was born, or undefined if there is none (a zombie is none). */
export function birth(pid: number): string | undefined {
  try {
    // The program's name, in brackets, may itself hold spaces and brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export function isAlive(process: Pick<ProcessRecord, 'pid' | 'bornAt'>): boolean {
  const born = birth(process.pid);
  return born !== undefined && born === process.bornAt;
}

const STOP_POLL_MS = 50;

/** Asks with its signal, insists with KILL after `deadlineMs`; returns when it is gone. */
export async function stop(
  process: Pick<ProcessRecord, 'pid' | 'bornAt' | 'stopSignal'>,
  deadlineMs: number,
): Promise<void> {
  const until = Date.now() + deadlineMs;
  signal(process, process.stopSignal);
  while (isAlive(process) && Date.now() < until) await Bun.sleep(STOP_POLL_MS);
  signal(process, 'SIGKILL');
  while (isAlive(process)) await Bun.sleep(STOP_POLL_MS);
}

function signal(target: Pick<ProcessRecord, 'pid' | 'bornAt'>, name: StopSignal | 'SIGKILL'): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, name);
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
