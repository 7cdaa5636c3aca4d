import type { Result } from './verdict.ts';

const seconds = (ms: number | undefined): string =>
  ms === undefined || !Number.isFinite(ms) ? 'never' : (ms / 1_000).toFixed(1);

const COLUMNS: readonly (readonly [string, (result: Result) => string | number])[] = [
  ['fault', ({ fault }) => fault],
  ['sent', ({ requests }) => requests],
  ['acked', ({ acknowledged }) => acknowledged],
  ['refused', ({ refused }) => refused],
  ['failed', ({ failed }) => failed],
  ['lost', ({ findings }) => findings.lost.length],
  ['dupl.', ({ findings }) => findings.duplicated.length],
  ['renum.', ({ findings }) => findings.renumbered.length],
  ['order', ({ findings }) => findings.disordered.length],
  ['gaps', ({ findings: { gaps, unexplainedGaps } }) => (unexplainedGaps.length > 0 ? `${gaps}!` : gaps)],
  ['counts', ({ findings }) => findings.wrongCounts.length],
  ['search', ({ findings }) => findings.missingInSearch.length],
  ['404', ({ findings }) => findings.unreadable.length],
  ['denied', ({ findings }) => findings.denied.length],
  ['honoured', ({ findings }) => findings.honoured.length],
  ['deleted', ({ removed }) => removed],
  ['erased', ({ findings }) => findings.erased.length],
  ['revived', ({ findings }) => findings.revived.length],
  ['dead', ({ deadLetters }) => [...deadLetters].map(([reason, count]) => `${reason} ${count}`).join(' ') || 0],
  ['refusal s', ({ longestRefusalMs }) => seconds(longestRefusalMs)],
  ['recovery s', ({ recoveryMs }) => seconds(recoveryMs)],
  ['outside', ({ outside }) => outside],
  ['quiet s', ({ quietMs }) => seconds(quietMs)],
  ['revoked s', ({ honouredMs }) => (honouredMs === undefined ? '-' : seconds(honouredMs))],
  ['', ({ broken }) => (broken.length === 0 ? 'held' : 'BROKEN')],
];

/** Formats a table. `lost`, `dupl.`, `renum.`, `order`, `counts`, `search`, `404`, `denied`, `honoured`, `erased` and `revived` must be 0; see docs/faults.md. */
export function table(results: readonly Result[]): string {
  const rows = [COLUMNS.map(([name]) => name), ...results.map((result) => COLUMNS.map(([, of]) => String(of(result))))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const failures = results.flatMap(({ fault, broken }) => broken.map((what) => `${fault}: ${what}`));
  return [...lines, ...(failures.length > 0 ? ['', ...failures] : [])].join('\n');
}
