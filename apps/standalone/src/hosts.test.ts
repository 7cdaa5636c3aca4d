import { expect, test } from 'bun:test';
import { allowedHosts, isLoopback, listeningHosts } from './hosts.ts';

test('localhost is listened on at both of its addresses', () => {
  expect(listeningHosts('localhost')).toEqual(['127.0.0.1', '::1']);
  expect(listeningHosts('0.0.0.0')).toEqual(['0.0.0.0']);
});

test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.1', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])(
  '%s is loopback',
  async (host) => {
    expect(await isLoopback(host)).toBe(true);
  },
);

test.each(['0.0.0.0', '::', '10.1.2.3', '::ffff:10.1.2.3'])('%s is not', async (host) => {
  expect(await isLoopback(host)).toBe(false);
});

test.each(['localhost', 'a.localhost', '127.0.0.1', '127.1.2.3', '[::1]', undefined])(
  '%p is a name of loopback',
  (name) => {
    expect(allowedHosts('', true)(name)).toBe(true);
  },
);

test.each([
  ...['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '', '0.0.0.0', '10.0.0.1', '.localhost'],
  ...['evil,.localhost', 'evil%00.localhost'],
])('%p is not', (name) => {
  expect(allowedHosts('', true)(name)).toBe(false);
  expect(allowedHosts('', false)(name)).toBe(true);
});

test('a list is what counts, on loopback too', () => {
  const allowed = allowedHosts(' Chat.example, *.b.example', true);
  for (const name of ['chat.example', 'a.b.example', 'c.a.b.example', undefined]) expect(allowed(name)).toBe(true);
  for (const name of ['b.example', 'xb.example', 'a.chat.example', 'localhost', '', '.b.example', 'evil,.b.example']) {
    expect(allowed(name)).toBe(false);
  }
});
