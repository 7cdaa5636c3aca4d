/**
 * Settings whose values must not be seen: keys, and URLs that may have a password. For each of them, the variable with
 * `_FILE` after its name may name a file that has the value, as Docker's secrets are given. No message shows a value,
 * nor the name of such a file: it may be the value, given to the wrong variable.
 */
import { readFileSync, statSync } from 'node:fs';

/** The mark of a secret setting, for the options of its schema. */
export const secret = { secret: true } as const;
/** The mark of a setting that is a URL, or one with a list of hosts, and may have a password. */
export const secretUrl = { secret: true, url: true } as const;

export function isSecret(schema: unknown): boolean {
  return (schema as { secret?: boolean } | undefined)?.secret === true;
}

/** Whether a text is no URL although the setting wants one. */
export function isBadUrl(schema: unknown, text: unknown): boolean {
  if ((schema as { url?: boolean }).url !== true || typeof text !== 'string') return false;
  // A list of hosts is checked by its first one.
  return !URL.canParse(text.replace(/,[^/@]*(?=\/|$)/, ''));
}

export function fileVariable(name: string): string {
  return `${name}_FILE`;
}

const BYTES_MAX = 64 * 1024;

/** The value of a secret setting, or what is wrong with it. Both are undefined if it is not given. */
export function secretOf(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly text?: string | undefined; readonly problem?: string } {
  const path = env[fileVariable(name)];
  if (path === undefined || path === '') return { text: env[name] };
  if (env[name] !== undefined && env[name] !== '') {
    return { problem: `${name} and ${fileVariable(name)} are both given: only one of them may be` };
  }
  try {
    if (statSync(path).size > BYTES_MAX) return { problem: `${fileVariable(name)} names a file that is too large` };
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? { problem: `${fileVariable(name)} names an empty file` } : { text };
  } catch (error) {
    const { code = 'unknown error' } = error as { code?: string };
    return { problem: `${fileVariable(name)} names a file that cannot be read (${code})` };
  }
}
