/** The command line of the native stack, see USAGE. bin/stack finds Bun and starts this. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { down, execute, logs, type ProcessStatus, serverUrls, start, status, stop, up } from './commands.ts';
import { CommandFailed } from './run.ts';
import { readSettings, type Settings, Unusable } from './settings.ts';
import { NotReady } from './supervise.ts';

const USAGE = `The whole system on this machine, without Docker (docs/running.md):

  bin/stack up [--servers-only]   start what is not running, and wait until it is ready
  bin/stack start NAME…           start single programs, such as worker-1 or redis, and wait until they are ready
  bin/stack stop NAME…            stop single programs; the others stay as they are
  bin/stack down                  stop all of it; the data stays
  bin/stack status [--json]       what runs, and whether it is ready
  bin/stack logs [NAME] [-f]      the end of a log, or of all
  bin/stack env                   the addresses of the servers, as the apps' variables
  bin/stack exec COMMAND…         a tool of the servers, with the state folder as /stack: rabbitmqctl, redis-cli, mysql

Ports and numbers of instances are variables of the environment: PORT=8080, INGESTS=1, …
`;

/** The servers' user must be able to read files that we write for it. Private files get a stricter mode when made. */
const UMASK = 0o022;

async function main(args: readonly string[], settings: Settings): Promise<number> {
  const [command = '', ...rest] = args;
  /** Parses the command's options and words. @throws {Unusable} if the command does not accept one of them */
  const takes = (options: readonly string[], wordsMax = 0) => {
    const { positionals: words, tokens } = parseArgs({ args: rest, strict: false, tokens: true });
    const given = tokens.flatMap((token) => (token.kind === 'option' ? token.rawName : []));
    const unknown = given.find((option) => !options.includes(option)) ?? words[wordsMax];
    if (unknown !== undefined) throw new Unusable(`'bin/stack ${command}' does not take '${unknown}'.\n\n${USAGE}`);
    return { words, has: (option: string) => given.includes(option) };
  };
  switch (command) {
    case 'up':
      await up(settings, takes(['--servers-only']).has('--servers-only'));
      return 0;
    case 'start':
    case 'stop': {
      const { words } = takes([], Number.POSITIVE_INFINITY);
      if (words.length === 0) throw new Unusable(`'bin/stack ${command}' wants the name of a program.\n\n${USAGE}`);
      await (command === 'start' ? start : stop)(settings, words);
      return 0;
    }
    case 'down':
      takes([]);
      await down(settings);
      return 0;
    case 'status': {
      const json = takes(['--json']).has('--json');
      const all = await status(settings);
      console.log(json ? JSON.stringify(all) : table(all));
      return all.length > 0 && all.every(({ ready }) => ready) ? 0 : 1;
    }
    case 'logs': {
      const { words, has } = takes(['-f'], 1);
      return logs(settings, words[0], has('-f'));
    }
    case 'env':
      takes([]);
      console.log(serverUrls(settings));
      return 0;
    case 'exec':
      return execute(settings, rest);
    default:
      console.log(USAGE);
      return command === '' || command === 'help' || command === '--help' ? 0 : 2;
  }
}

function table(all: readonly ProcessStatus[]): string {
  if (all.length === 0) return 'Nothing runs.';
  const row = (name: string, pid: string, port: string, state: string): string =>
    `${name.padEnd(15)}${pid.padStart(8)}${port.padStart(7)}  ${state}`;
  const rows = all.map(({ name, pid, port, ready }) => {
    const state = ready ? 'ready' : pid === null ? 'not running' : 'not ready';
    return row(name, String(pid ?? '-'), String(port), state);
  });
  return [row('name', 'pid', 'port', 'state'), ...rows].join('\n');
}

try {
  process.umask(UMASK);
  const repository = resolve(import.meta.dir, '..');
  process.exitCode = await main(process.argv.slice(2), readSettings(process.env, repository));
} catch (error) {
  // These errors have messages for the user. Any other is a bug and is shown completely.
  if (!(error instanceof Unusable || error instanceof NotReady || error instanceof CommandFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
