/** `bun run bench diff A.json B.json`: prints what became slower from A to B. */
import { BadFile, readChecked } from '../checked.ts';
import { asText, spread, type Table } from '../report.ts';
import { type Change, type Difference, difference } from './difference.ts';
import { type Run, RunSchema } from './run.ts';

/**
 * Prints the comparison. Each side is a file, or several with commas between them.
 * @returns the exit code: 1 if something became slower beyond noise, else 0
 * @throws {BadFile} if a file is not a result of `bun run bench`
 */
export async function diffCommand(sides: readonly string[]): Promise<number> {
  const [a, b, ...others] = sides;
  if (a === undefined || b === undefined || others.length > 0) throw new BadFile('diff takes two sides: A.json B.json');
  const told = difference(await runsOf(a), await runsOf(b));
  console.log(asLines(told).join('\n'));
  return [...told.measured, ...told.cpu].some(({ verdict }) => verdict === 'slower') ? 1 : 0;
}

const runsOf = (side: string): Promise<Run[]> =>
  Promise.all(side.split(',').map((file) => readChecked(file, RunSchema)));

function asLines({ warnings, measured, cpu, onlyA, onlyB }: Difference): string[] {
  const all = [...measured, ...cpu];
  const count = (wanted: Change['verdict']) => all.filter(({ verdict }) => verdict === wanted).length;
  return [
    ...warnings.map((warning) => `WARNING: ${warning}`),
    asText(table(['scenario', 'what', 'unit'], measured, ({ scenario, name, unit }) => [scenario, name, unit])),
    '',
    asText(
      table(['scenario', 'CPU µs each', 'program'], cpu, ({ scenario, name, program = '' }) => [
        scenario,
        name,
        program,
      ]),
    ),
    '',
    ...onlyA.map((what) => `only in A: ${what}`),
    ...onlyB.map((what) => `only in B: ${what}`),
    `Beyond noise: ${count('slower')} slower, ${count('faster')} faster. Measured only once on a side: ${count('slower?')} slower?, ${count('faster?')} faster?`,
  ];
}

function table(head: readonly string[], changes: readonly Change[], texts: (change: Change) => string[]): Table {
  return {
    texts: head.length,
    head: [...head, 'A: median (min–max)', 'B: median (min–max)', 'B/A', ''],
    rows: changes.map((each) => {
      const verdict = each.verdict.startsWith('slower') ? each.verdict.toUpperCase() : each.verdict;
      return [
        ...texts(each),
        spread(each.a),
        spread(each.b),
        Number.isFinite(each.ratio) ? each.ratio.toFixed(2) : '',
        verdict === 'same' ? '' : verdict,
      ];
    }),
  };
}
