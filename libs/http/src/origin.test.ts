import { expect, test } from 'bun:test';
import { originOf } from './origin.ts';

const direct = { behindProxy: false, publicUrl: '' };
const proxied = { behindProxy: true, publicUrl: '' };

test.each([
  ['the host that was called', { host: 'chat.example.com:8080' }, direct, 'http://chat.example.com:8080'],
  [
    'nobody who claims to be a proxy',
    { host: 'a', 'x-forwarded-host': 'b', 'x-forwarded-proto': 'https' },
    direct,
    'http://a',
  ],
  [
    'the proxy, where there is one',
    { host: 'parley', 'x-forwarded-host': 'b:81', 'x-forwarded-proto': 'http' },
    proxied,
    'http://b:81',
  ],
  [
    'the proxy that speaks TLS',
    { host: 'parley', 'x-forwarded-host': 'b', 'x-forwarded-proto': 'https' },
    proxied,
    'https://b',
  ],
  ['an IPv6 address', { host: '[::1]:8080' }, direct, 'http://[::1]:8080'],
  ['no host that is none', { host: 'a"><script>' }, direct, 'http://localhost'],
  ['no port that is none', { host: 'a:99999' }, direct, 'http://localhost'],
  ['no host at all', {}, proxied, 'http://localhost'],
  [
    'the operator before all',
    { host: 'a' },
    { ...direct, publicUrl: 'https://chat.example.com' },
    'https://chat.example.com',
  ],
])('an address is told by %s', (_, headers, addressed, origin) => {
  expect(originOf(new Headers(headers as Record<string, string>), addressed)).toBe(origin);
});
