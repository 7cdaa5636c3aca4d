/** Runs tools that people use with an OpenAPI document. tests/clients/package.json has them. */
import { existsSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER = join(import.meta.dir, '..');
const MODULES = join(FOLDER, 'node_modules');
/** The repository's TypeScript compiler: many times as fast as the one that comes with openapi-typescript. */
const TSC = join(FOLDER, '../../node_modules/typescript/bin/tsc');
const WITHIN_MS = 45_000;
const SILENT = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1', CI: 'true' };

const PROGRAMS = {
  'openapi-typescript': 'openapi-typescript/bin/cli.js',
  redocly: '@redocly/cli/bin/cli.js',
  openapi2postmanv2: 'openapi-to-postmanv2/bin/openapi2postmanv2.js',
  newman: 'newman/bin/newman.js',
} as const;

export interface Ended {
  readonly code: number;
  /** What was written to stdout, then to stderr. */
  readonly printed: string;
}

/** Runs a tool to its end, or kills it after 45 seconds. @throws if it is not installed */
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

export const STRICT = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true } as const;

/** Compiles a folder's files with the packages of tests/clients. Returns what tsc prints: '' if there is no error. */
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
