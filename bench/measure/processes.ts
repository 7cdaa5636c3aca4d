/**
 * The CPU and memory that programs have used so far, from /proc. A program is all processes of its session: nginx has
 * workers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const TICKS_PER_SECOND = 100;
const PAGE_MB = 4_096 / (1_024 * 1_024);

export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMb: number;
}

/** Returns the usage of several programs, by name. `pids` has the process with which each was started. */
export function usageOf(pids: ReadonlyMap<string, number>): Map<string, Usage> {
  const sessions = new Map<number, string>();
  for (const [name, pid] of pids) {
    const session = look(pid)?.session;
    if (session !== undefined) sessions.set(session, name);
  }
  const usage = new Map<string, Usage>();
  for (const entry of readdirSync('/proc')) {
    const found = /^\d+$/.test(entry) ? look(Number(entry)) : undefined;
    const name = found && sessions.get(found.session);
    if (found === undefined || name === undefined) continue;
    const before = usage.get(name) ?? { cpuSeconds: 0, residentMb: 0 };
    usage.set(name, {
      cpuSeconds: before.cpuSeconds + found.cpuSeconds,
      residentMb: before.residentMb + found.residentMb,
    });
  }
  return usage;
}

function look(pid: number): (Usage & { session: number }) | undefined {
  try {
    // In this file, the program's name is in brackets and may contain spaces and brackets.
    const [, rest = ''] = /^.*\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    const fields = rest.split(' ').map(Number);
    const cpuSeconds = ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS_PER_SECOND;
    return { session: fields[3] ?? 0, cpuSeconds, residentMb: (fields[21] ?? 0) * PAGE_MB };
  } catch {
    return undefined; // the process has ended
  }
}

/** When a process was started, in milliseconds since 1970, exact to a hundredth of a second. */
export function bornAt(pid: number): number {
  const [, rest = ''] = /^.*\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
  const [, boot = '0'] = /^btime (\d+)/m.exec(readFileSync('/proc/stat', 'latin1')) ?? [];
  const uptimeMs = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1_000;
  // The uptime is more exact than the boot time in /proc/stat, which is in whole seconds.
  const bootedAt = uptimeMs > 0 ? Date.now() - uptimeMs : Number(boot) * 1_000;
  return bootedAt + (Number(rest.split(' ')[19]) / TICKS_PER_SECOND) * 1_000;
}

/** Returns the CPU seconds of all processes of this machine since its start. */
export function machineBusySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

export function loadAverage(): number {
  return Number(readFileSync('/proc/loadavg', 'latin1').split(' ')[0]);
}

export const CORES = availableParallelism();
