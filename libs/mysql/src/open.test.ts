import { expect, test } from 'bun:test';
import { openMysql } from './open.ts';

const open = (url: string) => () => openMysql({ url, partitions: 1 });

test.each(['?ssl=true', '?tls=yes', '?tls=true&ssl-mode=none', '?tls='])(
  'the URL of MySQL may not end in %s, because that would not mean what it seems to',
  (query) => {
    expect(open(`mysql://user:s3cret@host/parley${query}`)).toThrow(RangeError);
  },
);

test.each([
  'mysql://user:s3cret@host/parley?ssl=true',
  'postgres://user:s3cret@host/parley',
  'mysql://user:s3cret@host',
])('what is wrong about %s is told without the password', (url) => {
  expect(open(url)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('s3cret') }));
});
