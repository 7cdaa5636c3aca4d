import { expect, test } from 'bun:test';
import { METADATA_BYTES_MAX } from './limits.ts';
import { metadataProblem } from './metadata.ts';

const kept = [
  '{}',
  '{"a":[1,-2.5,1e-7,null,true],"b":{"c":"\\u0000 \\ud800 😀"}}',
  '{"n":9007199254740991}',
  '{"a":0.1}',
];
for (const text of kept) {
  test(`kept: ${text}`, () => {
    expect(metadataProblem(JSON.parse(text))).toBeUndefined();
  });
}

const refused = ['{"a":9007199254740993}', '{"a":{"b":[1,12345678901234567890]}}', '{"a":1e400}', '{"a":-1e20}'];
for (const text of refused) {
  test(`refused, because it would come back changed: ${text}`, () => {
    expect(metadataProblem(JSON.parse(text))).toContain('number');
  });
}

test('the limit counts the bytes of the compact JSON', () => {
  const overhead = '{"a":""}'.length;
  expect(metadataProblem({ a: 'x'.repeat(METADATA_BYTES_MAX - overhead) })).toBeUndefined();
  expect(metadataProblem({ a: 'x'.repeat(METADATA_BYTES_MAX - overhead + 1) })).toContain('4096');
  expect(metadataProblem({ a: 'é'.repeat((METADATA_BYTES_MAX - overhead) / 2 + 1) })).toContain('4096');
});

test('metadata that is nested very deep is refused as fast as any other that is too long', () => {
  const deep: object = JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
  const begun = performance.now();
  expect(metadataProblem(deep)).toContain('4096 bytes');
  expect(performance.now() - begun).toBeLessThan(500);
});
