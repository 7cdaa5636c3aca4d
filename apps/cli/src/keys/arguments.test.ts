import { expect, test } from 'bun:test';
import { SCOPES } from '@parley/domain';
import { HelpAsked, WrongUsage } from '../command.ts';
import { readKeysArguments } from './arguments.ts';

const TOKEN = '5f7fac7d-0f4c-4d57-8f5b-6f0d6f6c1a11';
const NOW = Date.parse('2026-03-01T00:00:00Z');
const read = (line: string) => readKeysArguments(line.split(' '), NOW);

test('a secret key of an application has all scopes, unless some are named, in one order', () => {
  const made = { command: 'create', token: TOKEN, name: 'web', scopes: SCOPES, expiresAt: undefined };
  expect(read(`create --application ${TOKEN} --name web`)).toEqual(made as never);
  expect(read(`create --application ${TOKEN} --name web --scopes manage,messages:read`)).toMatchObject({
    scopes: ['messages:read', 'manage'],
  });
});

test('an admin key has no scopes and no application', () => {
  expect(read('create --admin --name me')).toMatchObject({ token: undefined, scopes: [], name: 'me' });
});

test.each([
  ['30m', NOW + 30 * 60_000],
  ['12h', NOW + 12 * 60 * 60_000],
  ['90d', NOW + 90 * 24 * 60 * 60_000],
  ['2027-01-31', Date.UTC(2027, 0, 31)],
  ['2027-01-31T12:00:00+02:00', Date.UTC(2027, 0, 31, 10)],
])('--expires %s', (text, expiresAt) => {
  expect(read(`create --admin --name me --expires ${text}`)).toMatchObject({ expiresAt });
});

test('a key is named by itself, its id or -, and an id of an application with its token', () => {
  expect(read('show -')).toEqual({ command: 'show', token: undefined, key: '-' });
  expect(read(`revoke abc --application ${TOKEN}`)).toEqual({ command: 'revoke', token: TOKEN, key: 'abc' });
});

test.each([
  'frob',
  'create --name me',
  'create --admin',
  'create --admin --name',
  `create --admin --name ${'x'.repeat(101)}`,
  `create --admin --application ${TOKEN} --name me`,
  'create --admin --name me --scopes manage',
  `create --application ${TOKEN} --name me --scopes everything`,
  `create --application ${TOKEN} --name me --scopes `,
  'create --application 5F7FAC7D --name me',
  'create --admin --name me --expires 5',
  'create --admin --name me --expires 0d',
  'create --admin --name me --expires 2026-02-28',
  'create --admin --name me --expires 2027-02-31T99:00:00Z',
  'create --admin --name me more',
  'list --all',
  'show',
  'show a b',
  'on now',
])('%j is wrong usage', (line) => {
  expect(() => read(line)).toThrow(WrongUsage);
});

test('every command tells what it does', () => {
  for (const command of ['create', 'list', 'show', 'revoke', 'rotate', 'on', 'open', 'status']) {
    expect(() => read(`${command} --help`)).toThrow(HelpAsked);
  }
  expect(() => read('--help')).toThrow(HelpAsked);
});
