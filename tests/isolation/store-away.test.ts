/** While MySQL is away, known credentials go on, and what cannot be looked up is a 503: never let in, never refused. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newSecretKey, type Token } from '@parley/domain';
import { until } from '@parley/testing';
import { stack } from '../support/test-stack.ts';
import { Asking, bearer } from './asking.ts';
import { openScene, type Scene } from './scene.ts';
import { isDistributed, openSecured, type Secured } from './system.ts';

// A standalone has its store in itself: tests/standalone.
if (isDistributed) ofDistributed();

function ofDistributed(): void {
  let secured: Secured;
  let ingest: Asking;
  let mine: Scene;
  let other: Scene;
  /** A key that no ingest has seen yet. */
  let unseen: string;
  beforeAll(async () => {
    secured = await openSecured();
    ingest = new Asking(secured, secured.doors[1]);
    const asking = new Asking(secured);
    [mine, other] = await Promise.all([openScene(asking, 'Away'), openScene(asking, 'Other away')]);
    const made = await asking.admin('POST', `/applications/${mine.place.token}/keys`, { name: 'unseen' });
    unseen = made.secret_key;
  }, 120_000);
  afterAll(() => stack('start', 'mysql'), 60_000);

  async function create(credential: string, { place }: Scene = mine): Promise<number> {
    const path = `/applications/${place.token}/chats/1/messages`;
    const sent = { as: bearer(credential), json: { message_content: 'meanwhile' } };
    const { status, headers } = await ingest.call('POST', path, sent, 'createMessage');
    if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    return status;
  }

  test('creates with known keys and with all user tokens go on; unknown keys wait', async () => {
    expect([await create(mine.full), await create(mine.revoked)]).toEqual([201, 401]);
    await stack('stop', 'mysql');
    expect(await create(mine.full)).toBe(201);
    expect(await create(secured.adminKey)).toBe(201);
    expect(await create(mine.revoked)).toBe(401);
    expect(await create(mine.users.orphaned)).toBe(401);
    expect(await create(mine.users.ben)).toBe(201); // no ingest has seen it, and its signature is enough
    expect(await create(mine.users.elsewhere)).toBe(404);
    expect(await create(unseen)).toBe(503);
    expect(await create(newSecretKey(mine.place.token as Token))).toBe(503);
    expect(await create(`${mine.full}0`)).toBe(401);
    // Nothing is looked up: the path and what the key says of itself differ.
    expect(await create(other.full)).toBe(404);
    expect(await create(newSecretKey(other.place.token as Token))).toBe(404);
    await stack('start', 'mysql');
    await until('the new key is known', async () => (await create(unseen)) === 201, 30_000);
    expect(await create(newSecretKey(mine.place.token as Token))).toBe(401);
  }, 120_000);
}
