import { expect, test } from 'bun:test';
import { newToken } from '@parley/domain';
import { buildRequests, requestsOf } from './bulk-body.ts';
import { documentOf } from './testing/own-index.ts';
import { CURRENT_LAYOUT } from './version-2.ts';

const TARGETS = [{ name: 'an-index', layout: CURRENT_LAYOUT }];

test('requests are built in steps, between which something else may be done', () => {
  const token = newToken();
  const text = (number: number) =>
    Array.from({ length: 100 }, (_, word) => (number * 100 + word).toString(36)).join(' ');
  const documents = Array.from({ length: 2_000 }, (_, index) => documentOf(token, index + 1, text(index)));
  const built = [...buildRequests(documents, TARGETS)];
  const requests = built.filter((request) => request !== undefined);
  expect(requests.length).toBeGreaterThan(1);
  expect(built.length).toBeGreaterThan(10 * requests.length);
  expect(requests.map(({ body }) => body.toString())).toEqual(
    [...requestsOf(documents, TARGETS)].map(({ body }) => body.toString()),
  );
  expect(requests.flatMap(({ writes }) => writes.map(({ document }) => document))).toEqual(documents);
});
