/** The arguments of `bin/parley keys`. */
import { isScope, KEY_NAME_CHARACTERS_MAX, parseToken, SCOPES, type Scope, type Token } from '@parley/domain';
import { HelpAsked, readArguments, WrongUsage } from '../command.ts';

export type KeysAsked =
  | {
      readonly command: 'create';
      readonly token: Token | undefined;
      readonly name: string;
      readonly scopes: readonly Scope[];
      readonly expiresAt: number | undefined;
    }
  | { readonly command: 'list'; readonly token: Token | undefined }
  /** `key`: the key itself, its id, or `-` for a key in the standard input. */
  | { readonly command: 'revoke' | 'show'; readonly token: Token | undefined; readonly key: string }
  | { readonly command: 'rotate'; readonly endsOthers: boolean }
  | { readonly command: 'on' | 'open' | 'status' };

export const KEYS_USAGE = `Who may use Parley (docs/security.md):

  bin/parley keys status                                  whether keys are needed
  bin/parley keys on                                      keys are needed from now on
  bin/parley keys open                                    no keys are needed from now on: everybody may do everything
  bin/parley keys create --admin --name NAME              makes an admin key and prints it, once
  bin/parley keys create --application TOKEN --name NAME  makes a secret key of an application and prints it, once
  bin/parley keys list [--application TOKEN]              the keys of an application, or the admin keys
  bin/parley keys show KEY                                what a key may do, and whether it is valid
  bin/parley keys revoke KEY                              ends a key, and the user tokens that it made
  bin/parley keys rotate                                  a new key to sign user tokens with; old tokens stay valid

'bin/parley keys COMMAND --help' tells more.`;

const ONE_KEY = `KEY is the key itself, or '-': then it is read from the standard input, and stays out of the shell's history.
Or it is the id that 'list' shows; for a secret key with --application TOKEN.`;

const USAGES = {
  create: `usage: bin/parley keys create (--admin | --application TOKEN) --name NAME [--scopes SCOPES] [--expires WHEN]

Makes a key. Standard output gets the key and nothing else. It is kept as a hash only, so it is never shown again.

  --admin              for the operator: it may do everything
  --application TOKEN  for the servers of this application: it may do in it what its scopes say
  --name NAME          tells people what the key is for
  --scopes SCOPES      of ${SCOPES.join(', ')}, separated by commas; default: all
  --expires WHEN       when it ends: 30m, 12h, 90d, or a time such as 2027-01-31T12:00:00Z; default: never`,
  list: `usage: bin/parley keys list [--application TOKEN | --admin]

Lists the keys of an application, or the admin keys. Those that are revoked are left out.`,
  show: `usage: bin/parley keys show KEY [--application TOKEN]

Tells whose a key is, what it may do, and whether it is valid.

${ONE_KEY}`,
  revoke: `usage: bin/parley keys revoke KEY [--application TOKEN]

Ends a key at once, and with it the user tokens that it has made; within ten seconds where Redis is away.

${ONE_KEY}`,
  rotate: `usage: bin/parley keys rotate [--now]

Makes a new key pair that signs user tokens from now on. Tokens that older ones have signed stay valid until their end.

  --now  they end now: for the case that somebody has read the database. All users need new tokens`,
  on: `usage: bin/parley keys on

From now on every request needs a credential. This stays so over restarts.`,
  open: `usage: bin/parley keys open

From now on no request needs a credential: whoever reaches Parley may do everything. Keys stay, for a later 'on'.
A program that has ADMIN_KEY turns keys on again when it starts.`,
  status: `usage: bin/parley keys status

Tells whether keys are needed, and how many admin keys and signing keys there are.`,
} as const;

const isCommand = (text: string): text is keyof typeof USAGES => Object.hasOwn(USAGES, text);

/** Throws WrongUsage or HelpAsked. `now`: for times that have passed. */
export function readKeysArguments([command, ...args]: readonly string[], now = Date.now()): KeysAsked {
  if (command === '--help' || command === '-h' || command === 'help') throw new HelpAsked(KEYS_USAGE);
  if (command === undefined) throw new WrongUsage('A command is missing.', KEYS_USAGE);
  if (!isCommand(command)) throw new WrongUsage(`There is no command 'keys ${command}'.`, KEYS_USAGE);
  const usage = USAGES[command];
  switch (command) {
    case 'create': {
      const { values } = readArguments(args, usage, {
        ...OWNER,
        ...{ name: { type: 'string' }, scopes: { type: 'string' }, expires: { type: 'string' } },
      });
      if (values.admin !== true && values.application === undefined) {
        throw new WrongUsage('Either --admin or --application must be given.', usage);
      }
      if (values.admin === true && values.scopes !== undefined) {
        throw new WrongUsage('An admin key has no scopes: it may do everything.', usage);
      }
      const token = ownerOf(values, usage);
      const scopes = token === undefined ? [] : scopesOf(values.scopes, usage);
      const expiresAt = timeOf(values.expires, usage, now);
      return { command, token, name: nameOf(values.name, usage), scopes, expiresAt };
    }
    case 'list':
      return { command, token: ownerOf(readArguments(args, usage, OWNER).values, usage) };
    case 'show':
    case 'revoke': {
      const { values, words } = readArguments(args, usage, OWNER, 1);
      const [key] = words;
      if (key === undefined) throw new WrongUsage('KEY is missing.', usage);
      return { command, token: ownerOf(values, usage), key };
    }
    case 'rotate': {
      const { values } = readArguments(args, usage, { now: { type: 'boolean' } });
      return { command, endsOthers: values.now === true };
    }
    default:
      readArguments(args, usage, {});
      return { command };
  }
}

const OWNER = { admin: { type: 'boolean' }, application: { type: 'string' } } as const;

function ownerOf(
  { admin, application }: { admin?: boolean | undefined; application?: string | undefined },
  usage: string,
): Token | undefined {
  if (application === undefined) return undefined;
  if (admin === true) throw new WrongUsage('Only one of --admin and --application may be given.', usage);
  const token = parseToken(application);
  if (token === undefined) throw new WrongUsage('--application wants the token of an application.', usage);
  return token;
}

function nameOf(name: string | undefined, usage: string): string {
  const characters = [...(name ?? '')].length;
  if (name !== undefined && characters > 0 && characters <= KEY_NAME_CHARACTERS_MAX && name.isWellFormed()) {
    if (!name.includes('\0')) return name;
  }
  throw new WrongUsage(`--name must be given: a text of 1 to ${KEY_NAME_CHARACTERS_MAX} characters.`, usage);
}

function scopesOf(text: string | undefined, usage: string): readonly Scope[] {
  if (text === undefined) return SCOPES;
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !isScope(name));
  if (unknown !== undefined) throw new WrongUsage(`There is no scope '${unknown}'.`, usage);
  return SCOPES.filter((scope) => names.includes(scope));
}

const SPAN = /^([1-9][0-9]{0,5})([mhd])$/;
const UNIT_MS = { m: 60_000, h: 60 * 60_000, d: 24 * 60 * 60_000 };
/** A date, which is its beginning in UTC, or a time with its zone. */
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?$/;

function timeOf(text: string | undefined, usage: string, now: number): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = SPAN.exec(text) ?? [];
  const time =
    count === undefined
      ? TIME.test(text)
        ? Date.parse(text)
        : Number.NaN
      : now + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (Number.isNaN(time)) throw new WrongUsage(`--expires does not take '${text}'.`, usage);
  if (time <= now) throw new WrongUsage('--expires must be in the future.', usage);
  return time;
}
