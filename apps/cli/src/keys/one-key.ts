/** `bin/parley keys show` and `revoke`: a key is named by itself or by its id. */
import { type AccessKey, hashOfKey, parseSecretKey, type Token } from '@parley/domain';
import { CommandFailed, printable, type Terminal } from '../command.ts';
import type { KeysAsked } from './arguments.ts';
import { rightsOf, timeText } from './list.ts';
import type { KeysParts } from './parts.ts';

type OneKey = Extract<KeysAsked, { command: 'show' | 'revoke' }>;

export async function showKey(asked: OneKey, parts: KeysParts, terminal: Terminal): Promise<void> {
  const text = await textOf(asked, terminal);
  if (parts.adminKeys.includes(text)) {
    terminal.out('It is an admin key, one of the variable ADMIN_KEY here: it may do everything.');
    return;
  }
  const key = await find(text, asked.token, parts);
  terminal.out(`id         ${key.id}`);
  terminal.out(`of         ${key.token === undefined ? 'the operator' : `the application ${key.token}`}`);
  terminal.out(`name       ${printable(key.name)}`);
  terminal.out(`may        ${rightsOf(key)}`);
  terminal.out(`created    ${timeText(key.createdAt)}`);
  terminal.out(`last used  ${timeText(key.lastUsedAt)}`);
  terminal.out(`ends       ${timeText(key.expiresAt)}`);
  terminal.out(`state      ${stateOf(key)}`);
}

/** Returns the key's id. */
export async function revokeKey(asked: OneKey, parts: KeysParts, terminal: Terminal): Promise<string> {
  const text = await textOf(asked, terminal);
  if (parts.adminKeys.includes(text)) {
    throw new CommandFailed('It is one of the variable ADMIN_KEY: take it out there, and restart the programs.');
  }
  const key = looksLikeKey(text) ? await find(text, undefined, parts) : { id: text, token: asked.token };
  if (!(await parts.keys.revokeKey(key.token, key.id))) throw noSuchKey(asked.token);
  terminal.out(`The key ${key.id} is revoked.`);
  return key.id;
}

/** The key or id that was given; `-` means the standard input. */
async function textOf({ key }: OneKey, terminal: Terminal): Promise<string> {
  const text = (key === '-' ? await terminal.input() : key).trim();
  if (text === '') throw new CommandFailed('There is no key in the standard input.');
  return text;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const looksLikeKey = (text: string) => !UUID.test(text);

async function find(text: string, token: Token | undefined, { keys }: KeysParts): Promise<AccessKey> {
  if (!looksLikeKey(text)) {
    const key = (await keys.keys(token)).find(({ id }) => id === text);
    if (key === undefined) throw noSuchKey(token);
    return key;
  }
  if (parseSecretKey(text) === undefined) {
    throw new CommandFailed('This is neither a key of Parley nor the id of one. Was it mistyped or cut off?');
  }
  const hash = hashOfKey(text);
  const key = (await keys.keysByHash([hash])).get(hash);
  if (key === undefined) throw new CommandFailed('Parley has never made this key here.');
  return key;
}

function noSuchKey(token: Token | undefined): CommandFailed {
  return new CommandFailed(
    token === undefined
      ? 'There is no admin key with this id. For a key of an application, add --application TOKEN.'
      : 'This application has no key with this id.',
  );
}

function stateOf({ revokedAt, expiresAt }: AccessKey): string {
  if (revokedAt !== undefined) return `revoked at ${timeText(revokedAt)}`;
  if (expiresAt !== undefined && expiresAt <= Date.now()) return 'past its end';
  return 'valid';
}
