/** The verdict of a run with a fault: its figures and the broken promises. */
import type { Findings } from './check.ts';
import type { Fault } from './fault.ts';
import type { Attempt, Recording } from './record.ts';

const REFUSAL_MS_MAX = 2_500;
/** Until this long after the fault is healed, refusals count as caused by it. */
const GRACE_MS = 15_000;

export interface Times {
  readonly startedAt: number;
  readonly injectedAt: number;
  readonly healedAt: number;
}

export interface Figures {
  readonly requests: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly failed: number;
  /** The longest time of a create attempt that was not acknowledged, and (second field) of one that was. */
  readonly longestRefusalMs: number;
  readonly longestAcknowledgementMs: number;
  /** From healing to the first acknowledgement after the last failed create. */
  readonly recoveryMs: number;
  /** Attempts that were not acknowledged, before the fault or over 15 s after it. */
  readonly outside: number;
  /** How often each answer came that was neither 201 nor a 503 with Retry-After. */
  readonly failures: Readonly<Record<string, number>>;
  /** 201s that do not match what was sent. */
  readonly misread: number;
  /** Answers to reads, and (second field) to updates, that were neither 200 nor 503. */
  readonly oddReads: number;
  readonly oddUpdates: number;
  readonly oddRemovals: number;
  /** Deletions that were answered with 204. */
  readonly removed: number;
  /** From the load's end until everything is stored, indexed and counted. */
  readonly quietMs?: number;
}

export interface Result extends Figures {
  readonly fault: string;
  readonly seed: number;
  readonly times: Times;
  readonly findings: Findings;
  readonly deadLetters: ReadonlyMap<string, number>;
  /** How long after its end a revoked key was still let in, at most; undefined in open mode. */
  readonly honouredMs: number | undefined;
  /** The broken promises; empty if every promise held. */
  readonly broken: readonly string[];
}

export function figuresOf(recording: Recording, { startedAt, injectedAt, healedAt }: Times): Figures {
  const attempts = [...recording.attempts()].filter(({ sentAt }) => sentAt >= startedAt);
  const good = attempts.filter(({ outcome }) => outcome === 'acknowledged');
  const bad = attempts.filter(({ outcome }) => outcome === 'refused' || outcome === 'failed');
  const failed = bad.filter(({ outcome }) => outcome === 'failed');
  const slowest = (some: readonly Attempt[]) => some.reduce((max, { ms }) => Math.max(max, ms), 0);
  const endOf = ({ sentAt, ms }: Attempt) => sentAt + ms;
  const lastBad = bad.filter(({ sentAt }) => sentAt >= healedAt).reduce((max, each) => Math.max(max, endOf(each)), 0);
  const from = Math.max(lastBad, healedAt);
  const firstGood = good.map(endOf).reduce((min, at) => (at >= from && at < min ? at : min), Number.POSITIVE_INFINITY);
  const failures: Record<string, number> = {};
  for (const { status, detail } of failed) {
    const what = `${status} ${detail ?? ''}`;
    failures[what] = (failures[what] ?? 0) + 1;
  }
  const odd = ({ status }: { status: number }) => status !== 200 && status !== 503;
  return {
    requests: attempts.length,
    acknowledged: good.length,
    refused: bad.length - failed.length,
    failed: failed.length,
    longestRefusalMs: slowest(bad),
    longestAcknowledgementMs: slowest(good),
    recoveryMs: firstGood - healedAt,
    outside: bad.filter((each) => endOf(each) < injectedAt || each.sentAt > healedAt + GRACE_MS).length,
    failures,
    misread: good.filter(({ detail }) => detail !== undefined).length,
    oddReads: recording.reads.filter(odd).length,
    oddUpdates: recording.updates.filter(odd).length,
    oddRemovals: recording.oddRemovals.length,
    removed: recording.removals.filter(({ doneAt }) => doneAt !== undefined).length,
  };
}

const listed = (failures: Figures['failures']): string =>
  Object.entries(failures)
    .map(([what, count]) => `${count} × ${what}`)
    .join(', ');

export function broken(
  fault: Fault,
  figures: Figures,
  findings: Findings,
  deadLetters: ReadonlyMap<string, number>,
): string[] {
  const { gaps: _, ...lists } = findings;
  const found = Object.entries(lists).flatMap(([what, list]) => {
    return list.length === 0 ? [] : [`${what} ${list.length}: ${list.slice(0, 3).join(', ')}`];
  });
  const refusalMsMax = fault.refusalMsMax ?? REFUSAL_MS_MAX;
  if (figures.longestRefusalMs > refusalMsMax)
    found.push(`a refusal took ${figures.longestRefusalMs.toFixed(0)} ms, more than ${refusalMsMax}`);
  if (figures.failed > 0) found.push(`${figures.failed} creates failed without a refusal: ${listed(figures.failures)}`);
  if (figures.misread > 0) found.push(`${figures.misread} acknowledgements did not say what was sent`);
  if (figures.oddReads > 0) found.push(`${figures.oddReads} reads were answered with neither 200 nor 503`);
  if (figures.oddUpdates > 0) found.push(`${figures.oddUpdates} updates were answered with neither 200 nor 503`);
  if (figures.oddRemovals > 0) found.push(`${figures.oddRemovals} deletions were answered with neither 204 nor 503`);
  if (!Number.isFinite(figures.recoveryMs)) found.push('no create was acknowledged after healing');
  if (figures.outside > 0) found.push(`${figures.outside} creates were not acknowledged though nothing was broken`);
  const expected = fault.deadLetters ?? {};
  for (const reason of new Set([...deadLetters.keys(), ...Object.keys(expected)])) {
    const [count, due] = [deadLetters.get(reason) ?? 0, expected[reason] ?? 0];
    if (reason !== 'late' && count !== due) found.push(`${count} dead letters (${reason}) instead of ${due}`);
  }
  return found;
}
