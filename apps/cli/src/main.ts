/** The command line for operators, see USAGE. bin/parley finds Bun and starts this. */
import { failureText } from '@parley/runtime';
import { explain, FAILED, HelpAsked, type Terminal, WrongUsage } from './command.ts';

const USAGE = `Looks after an installation of Parley (docs/operations.md):

  bin/parley keys COMMAND      who may use it: turns keys on, makes, lists and revokes them
  bin/parley reindex           builds a new search index; searches and creates go on
  bin/parley deadletters       lists events that could not be stored, or publishes them again
  bin/parley migrate           brings MySQL's tables up to date

'bin/parley COMMAND --help' tells more. With MYSQL_URL in the environment it works on the distributed system, else on the
standalone in DATA_DIR, running or not.

Exit codes: 0 done, 1 failed, 2 wrong usage.`;

type Command = (args: readonly string[], terminal: Terminal) => Promise<number>;

/** A command's drivers are loaded only for that command. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  keys: async () => (await import('./keys/main.ts')).keys,
  reindex: async () => (await import('./reindex.ts')).reindex,
  deadletters: async () => (await import('./deadletters.ts')).deadletters,
  migrate: async () => (await import('./migrate.ts')).migrate,
};

const terminal: Terminal = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  input: () => Bun.stdin.text(),
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  try {
    if (name === '--help' || name === '-h' || name === 'help') throw new HelpAsked(USAGE);
    if (name === undefined) throw new WrongUsage('A command is missing.', USAGE);
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw new WrongUsage(`There is no command '${name}'.`, USAGE);
    return await (await command())(args, terminal);
  } catch (error) {
    return explain(error, terminal);
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  terminal.err(failureText(error));
  return FAILED;
});
