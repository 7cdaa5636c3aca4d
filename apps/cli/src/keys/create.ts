/** `bin/parley keys create`. */
import { Gone, hashOfKey, newSecretKey, type Token, TooManyKeys } from '@parley/domain';
import { CommandFailed, type Terminal } from '../command.ts';
import type { KeysAsked } from './arguments.ts';
import type { KeysParts } from './parts.ts';

type Create = Extract<KeysAsked, { command: 'create' }>;

/** Prints the key on standard output, all else on standard error: `KEY=$(bin/parley keys create …)` works. */
export async function createKey(asked: Create, parts: KeysParts, terminal: Terminal): Promise<void> {
  const { token, name, scopes, expiresAt } = asked;
  if (token !== undefined) await refuseUnknown(token, parts);
  const secret = newSecretKey(token);
  const id = crypto.randomUUID();
  try {
    await parts.keys.addKey({ id, token, name, scopes, createdAt: Date.now(), expiresAt }, hashOfKey(secret));
  } catch (error) {
    throw error instanceof TooManyKeys ? new CommandFailed(error.message) : error;
  }
  terminal.out(secret);
  terminal.err(`This is the key ${id}. It is never shown again.`);
  const { keyed } = await parts.keys.accessSince();
  if (!keyed) terminal.err("Parley is open: no request needs a key until 'bin/parley keys on'.");
}

async function refuseUnknown(token: Token, { store }: KeysParts): Promise<void> {
  const application = await store.application(token).catch((error: unknown) => {
    if (error instanceof Gone) return undefined;
    throw error;
  });
  if (application === undefined) throw new CommandFailed('There is no application with this token.');
}
