import { expect, test } from 'bun:test';
import { redisServers } from './servers.ts';

test('a URL names one server, the Sentinels of a master, or the nodes of a cluster', () => {
  expect(redisServers('redis://localhost:6380/1')).toEqual({ url: 'redis://localhost:6380/1' });
  expect(redisServers('redis+sentinel://u:p@a:1,b:2/main')).toEqual({
    sentinels: [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
    master: 'main',
    login: { username: 'u', password: 'p' },
  });
  expect(redisServers('redis+cluster://a:1,b')).toEqual({
    cluster: [
      { host: 'a', port: 1 },
      { host: 'b', port: 6379 },
    ],
    login: {},
  });
});

test('anything else is refused', () => {
  for (const url of ['', 'localhost:6379', 'http://localhost', 'redis+other://a:1']) {
    expect(() => redisServers(url)).toThrow(RangeError);
  }
});
