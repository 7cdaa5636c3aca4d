import { expect, test } from 'bun:test';
import { judge } from './verdict.ts';

const kind = (status: number, type?: string) =>
  judge({ status, ...(type === undefined ? {} : { error: { type, reason: 'why' } }) }).kind;

test('what was written, or is there in a newer version, is done', () => {
  expect([kind(200), kind(201), kind(409, 'version_conflict_engine_exception')]).toEqual(['done', 'done', 'done']);
});

test('what passes is tried again', () => {
  expect(kind(429, 'es_rejected_execution_exception')).toBe('later');
  expect(kind(503, 'unavailable_shards_exception')).toBe('later');
  expect(kind(500, 'node_closed_exception')).toBe('later');
});

test('only a fault of the document itself is a refusal', () => {
  expect(judge({ status: 400, error: { type: 'document_parsing_exception', reason: 'why' } })).toEqual({
    kind: 'refused',
    reason: 'document_parsing_exception',
  });
  expect(kind(400, 'strict_dynamic_mapping_exception')).toBe('refused');
  expect(kind(400, 'index_closed_exception')).toBe('failed');
  expect(kind(400, 'illegal_argument_exception')).toBe('failed');
  expect(kind(403, 'security_exception')).toBe('failed');
});

test('an index that was made read-only is not tried again at once', () => {
  expect(kind(429, 'cluster_block_exception')).toBe('failed');
  expect(kind(403, 'cluster_block_exception')).toBe('failed');
});

test('a missing index is told apart, and a missing answer is not a success', () => {
  expect(kind(404, 'index_not_found_exception')).toBe('missing');
  expect(judge(undefined).kind).toBe('failed');
});
