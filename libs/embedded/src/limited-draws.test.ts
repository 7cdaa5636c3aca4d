import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DrawRequest, newToken, type Sequence } from '@parley/domain';
import { drawFrom } from '@parley/testing';
import { openEmbedded } from './index.ts';

/** 1,000 messages at once, and then one in ten seconds: nothing becomes free during a test. */
const SLOW = { perSecond: 0.1, burst: 1_000 };

let folder: string;
let embedded: ReturnType<typeof openEmbedded>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-limited-'));
  embedded = openEmbedded({ dataDir: folder });
});
afterEach(async () => {
  await embedded.close();
  await rm(folder, { recursive: true });
});

const messagesOf = (token: string, chat = 1): Sequence => ({ kind: 'messages', token, chat });
const keyOf = (name: string, body = 'b') => ({ hash: name.repeat(64), body: body.repeat(64) });
const draw = (request: DrawRequest) => drawFrom(embedded.numbering, request);

async function seeded(token = newToken(), chat = 1): Promise<Sequence> {
  const sequence = messagesOf(token, chat);
  await embedded.numbering.seed(sequence, { number: 0 });
  return sequence;
}

describe('draws with a limit of messages', () => {
  test('share the burst of their application, tell what is left, and lose no number where they are refused', async () => {
    const token = newToken();
    const [one, two] = [await seeded(token), await seeded(token, 2)];
    expect(await draw({ sequence: one, count: 700, rate: SLOW })).toMatchObject({ first: 1, remaining: 300 });
    expect(await draw({ sequence: two, count: 299, rate: SLOW })).toMatchObject({ first: 1, remaining: 1 });
    const refused = await draw({ sequence: one, count: 3, rate: SLOW });
    expect(refused).toEqual({ status: 'limited', retryAfterMs: expect.any(Number) });
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeWithin(19_000, 20_001);
    expect(await draw({ sequence: one, count: 1, rate: SLOW })).toMatchObject({ first: 701, remaining: 0 });
    const free = await draw({ sequence: one, count: 1_000 });
    expect(free).toMatchObject({ status: 'drawn', first: 702 });
    expect(free).not.toHaveProperty('remaining');
    expect(await draw({ sequence: await seeded(), count: 1_000, rate: SLOW })).toMatchObject({ remaining: 0 });
  });

  test('of one turn are drawn up to the first one that does not fit; of the next turn, what fits then', async () => {
    const sequence = await seeded();
    const counts = [700, 400, 300, 300];
    const answers = await Promise.all(counts.map((count) => draw({ sequence, count, rate: SLOW })));
    expect(answers.map(({ status }) => status)).toEqual(['drawn', 'limited', 'limited', 'limited']);
    expect(await draw({ sequence, count: 300, rate: SLOW })).toMatchObject({ status: 'drawn', first: 701 });
  });

  test('that repeat an idempotency key, or draw nothing, cost nothing', async () => {
    const sequence = await seeded();
    const first = { sequence, count: 1_000, rate: SLOW, key: keyOf('a') };
    expect(await draw(first)).toMatchObject({ status: 'drawn', first: 1, remaining: 0 });
    for (let again = 0; again < 3; again += 1)
      expect(await draw(first)).toMatchObject({ status: 'repeated', first: 1 });
    expect(await draw({ ...first, key: keyOf('a', 'c') })).toEqual({ status: 'conflict' });
    expect(await draw({ ...first, key: keyOf('d') })).toMatchObject({ status: 'limited' });
    // A refused draw leaves no trace of its key: with another body it is limited too, and no conflict.
    expect(await draw({ ...first, key: keyOf('d', 'c') })).toMatchObject({ status: 'limited' });

    const { token } = await seeded();
    const missing = { sequence: messagesOf(token, 9), count: 1_000, rate: SLOW };
    expect(await draw(missing)).toMatchObject({ status: 'missing' });
    await embedded.numbering.seed(missing.sequence, { number: 0 });
    await embedded.numbering.retire({ token, chat: 1 });
    expect(await draw({ ...missing, sequence: messagesOf(token) })).toEqual({ status: 'gone' });
    expect(await draw(missing)).toMatchObject({ status: 'drawn', remaining: 0 });
  });
});
