/**
 * The table of all settings in docs/running.md. It is made from the schemas of the programs' environments, and from the
 * list of what bin/stack and docker-compose.yml read. `bun run generate` writes it; a test compares it.
 */
import { join } from 'node:path';
import { apiSettings } from '@parley/api/config';
import { ingestSettings } from '@parley/ingest/config';
import { fileVariable, isSecret } from '@parley/runtime';
import { VARIABLES } from '@parley/stack/variables';
import { standaloneSettings } from '@parley/standalone/config';
import { workerSettings } from '@parley/worker/config';
import type { TObject } from 'typebox';

const FILE = join(import.meta.dir, '../../docs/running.md');
const BEGIN = '<!-- settings: written by `bun run generate` -->\n';
const END = '<!-- end of settings -->\n';

/** Settings with this prefix are for our own tests and stay out of the table. */
const FOR_TESTS = 'TEST_';

const PROGRAMS: Readonly<Record<string, TObject>> = {
  ingest: ingestSettings,
  api: apiSettings,
  worker: workerSettings,
  standalone: standaloneSettings,
};

export interface Setting {
  readonly name: string;
  readonly of: readonly string[];
  readonly fallback: string;
  readonly description: string;
}

/** All settings, sorted by name. A setting that means the same in several programs is listed once. */
export function settings(): readonly Setting[] {
  const all = [...Object.entries(PROGRAMS).flatMap(([program, schema]) => settingsOf(program, schema)), ...VARIABLES];
  const groups = Map.groupBy(all, ({ name, fallback, description }) => [name, fallback, description].join('\n'));
  const merged = [...groups.values()].map((same) => ({ ...(same[0] as Setting), of: same.flatMap((each) => each.of) }));
  return merged.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function settingsOf(program: string, { properties, required }: TObject): Setting[] {
  const needed: readonly string[] = required ?? [];
  const told = Object.entries(properties).filter(([name]) => !name.startsWith(FOR_TESTS));
  return told.flatMap(([name, schema]) => {
    const { default: fallback, description = '' } = schema as { default?: unknown; description?: string };
    const isOptional = !needed.includes(name);
    const setting = {
      name,
      of: [program],
      fallback: fallback === undefined ? (isOptional ? 'none' : 'must be given') : String(fallback),
      description,
    };
    if (!isSecret(schema)) return [setting];
    const inFile = { name: fileVariable(name), of: [program], fallback: 'none', description: `a file with ${name}` };
    return [setting, inFile];
  });
}

function table(): string {
  const rows = settings().map(({ name, of, fallback, description }) => [
    `\`${name}\``,
    of.join(', '),
    code(fallback),
    description,
  ]);
  const cells = [['variable', 'of', 'default', ''], ['', '', '', ''], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => Bun.stringWidth(row[column] ?? ''))));
  const line = (row: readonly string[], filler: string): string =>
    `| ${widths.map((width, column) => (row[column] ?? '') + filler.repeat(width - Bun.stringWidth(row[column] ?? ''))).join(' | ')} |\n`;
  return cells.map((row, index) => line(row, index === 1 ? '-' : ' ')).join('');
}

/** Quotes a value with stars, such as a cron pattern: Markdown would read the stars as emphasis. */
const code = (fallback: string): string => (fallback.includes('*') ? `\`${fallback}\`` : fallback);

/** The text of docs/running.md as it is, and as it is with the table of the current settings. */
export async function documented(): Promise<{ readonly before: string; readonly after: string }> {
  const before = await Bun.file(FILE).text();
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`docs/running.md has no ${BEGIN.trim()} … ${END.trim()}`);
  return { before, after: `${before.slice(0, begin)}${BEGIN}\n${table()}\n${before.slice(end)}` };
}

if (import.meta.main) await Bun.write(FILE, (await documented()).after);
