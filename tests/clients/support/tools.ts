/** Runs tools that people use with an OpenAPI document, from this folder's own package.json. */
import { existsSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER = join(import.meta.dir, '..');
const MODULES = join(FOLDER, 'node_modules');
/** The repository's compiler. It is many times as fast as the one that comes with openapi-typescript. */
const TSC = join(FOLDER, '../../node_modules/typescript/bin/tsc');
const WITHIN_MS = 45_000;
/** Turns off telemetry, update notices and questions. */
const SILENT = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1', CI: 'true' };

const PROGRAMS = {
  'openapi-typescript': 'openapi-typescript/bin/cli.js',
  redocly: '@redocly/cli/bin/cli.js',
  openapi2postmanv2: 'openapi-to-postmanv2/bin/openapi2postmanv2.js',
  newman: 'newman/bin/newman.js',
} as const;

export interface Ended {
  readonly code: number;
  /** The output of stdout and stderr. */
  readonly printed: string;
}

/** Runs a tool to its end. Kills it after a deadline. */
export function runTool(name: keyof typeof PROGRAMS, ...options: readonly string[]): Promise<Ended> {
  const program = join(MODULES, PROGRAMS[name]);
  if (!existsSync(program)) throw new Error(`${name} is not installed: run bin/install-clients`);
  return runProgram([process.execPath, '--bun', program, ...options]);
}

export async function runProgram(command: readonly string[], withinMs = WITHIN_MS): Promise<Ended> {
  const child = Bun.spawn([...command], {
    ...{ cwd: FOLDER, env: { ...process.env, ...SILENT } },
    ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', timeout: withinMs, killSignal: 'SIGKILL' },
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, printed: `${out}${err}` };
}

/** The compiler options of a careful user. */
export const STRICT = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true } as const;

/** Compiles a folder's files with this folder's packages. Returns what tsc prints: nothing if there is no error. */
export async function compile(folder: string, strictness: object): Promise<string> {
  if (!existsSync(join(folder, 'node_modules'))) await symlink(MODULES, join(folder, 'node_modules'));
  const compilerOptions = {
    ...{ target: 'ESNext', module: 'Preserve', moduleResolution: 'bundler', lib: ['ESNext', 'DOM', 'DOM.Iterable'] },
    ...{ types: [], noEmit: true, allowImportingTsExtensions: true, ...strictness },
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*.ts'] }));
  const { code, printed } = await runProgram([process.execPath, TSC, '-p', folder, '--pretty', 'false']);
  return code === 0 ? '' : printed || `tsc ended with ${code}`;
}
