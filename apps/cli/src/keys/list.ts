/** `bin/parley keys list`: one line for each key. */
import type { AccessKey, Token } from '@parley/domain';
import { printable, type Terminal } from '../command.ts';
import type { KeysParts } from './parts.ts';

const HEAD = ['id', 'created', 'ends', 'last used', 'may', 'name'];

export async function listKeys(token: Token | undefined, { keys }: KeysParts, terminal: Terminal): Promise<void> {
  const found = await keys.keys(token);
  if (found.length === 0) {
    terminal.err('There are no keys.');
    return;
  }
  const rows = [HEAD, ...found.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    terminal.out(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function rowOf(key: AccessKey): string[] {
  const { id, name, createdAt, expiresAt, lastUsedAt } = key;
  return [id, timeText(createdAt), timeText(expiresAt), timeText(lastUsedAt), rightsOf(key), printable(name)];
}

/** What a key may do, in words. */
export function rightsOf({ token, scopes }: Pick<AccessKey, 'token' | 'scopes'>): string {
  return token === undefined ? 'everything' : scopes.join(',');
}

export function timeText(time: number | undefined): string {
  return time === undefined ? 'never' : new Date(time).toISOString();
}
