import { afterEach, describe, expect, test } from 'bun:test';
import { LimitReached } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import { until } from '@parley/testing';
import { httpApp } from '../app.ts';
import { bodiesWaiting } from '../body-deadline.ts';
import { OPERATIONS } from '../contract/operations.ts';
import type { Asked } from '../routes.ts';
import { type HttpServer, serve } from '../server.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { ADMIN_KEY, OTHER, OWN, openedAccess } from '../testing/opened-access.ts';
import { ApplicationQuota } from './application-quota.ts';
import { Limits } from './limits.ts';

function passed(quota: ApplicationQuota, tries: number): number {
  let count = 0;
  for (let time = 0; time < tries; time += 1) {
    try {
      quota.takeRequest();
      count += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(LimitReached);
    }
  }
  return count;
}

describe('requests a second', () => {
  test.each([
    [1, 10],
    [10, 10],
    [500, 500],
  ])('a limit of %i lets bursts of %i pass, then one in each period', async (requestsPerSecond, burst) => {
    const clock = new ManualClock();
    const quota = new ApplicationQuota({ requestsPerSecond }, clock);
    expect(passed(quota, burst + 5)).toBe(burst);
    await clock.advance(1_000 / requestsPerSecond);
    expect(passed(quota, 5)).toBe(1);
    await clock.advance(600_000);
    expect(passed(quota, burst + 5)).toBe(burst);
  });

  test('over ten seconds at ten times the limit, the limit passes', async () => {
    const clock = new ManualClock();
    const quota = new ApplicationQuota({ requestsPerSecond: 100 }, clock);
    passed(quota, 200);
    let count = 0;
    for (let step = 0; step < 1_000; step += 1) {
      await clock.advance(10);
      count += passed(quota, 10);
    }
    expect(count).toBe(1_000);
  }, 20_000);

  test('a refusal says when one passes again', async () => {
    const clock = new ManualClock();
    const quota = new ApplicationQuota({ requestsPerSecond: 2 }, clock);
    passed(quota, 10);
    await clock.advance(100);
    let error: unknown;
    try {
      quota.takeRequest();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ limit: 'requestsPerSecond', retryAfterMs: 400 });
    await clock.advance(400);
    expect(passed(quota, 1)).toBe(1);
  });
});

describe('the headers', () => {
  const told = (quota: ApplicationQuota) => {
    const headers = new Headers();
    quota.mark(headers);
    return [headers.get('ratelimit-policy'), headers.get('ratelimit')];
  };

  test('tell what remains of both limits, as far as it is known', async () => {
    const clock = new ManualClock();
    const quota = new ApplicationQuota({ messagesPerSecond: 500, requestsPerSecond: 100 }, clock);
    const policy = '"messages";q=1000;w=2, "requests";q=100;w=1';
    expect(told(quota)).toEqual([policy, '"messages";r=1000;t=1, "requests";r=100;t=1']);
    quota.takeRequest();
    quota.noteMessages(0);
    expect(told(quota)).toEqual([policy, '"messages";r=0;t=2, "requests";r=99;t=1']);
    await clock.advance(1_000);
    expect(told(quota)).toEqual([policy, '"messages";r=500;t=1, "requests";r=100;t=1']);
  });

  test('name only the limits that there are', () => {
    const clock = new ManualClock();
    expect(told(new ApplicationQuota({ requestsPerSecond: 7 }, clock))).toEqual([
      '"requests";q=10;w=2',
      '"requests";r=10;t=1',
    ]);
    expect(told(new ApplicationQuota({ createsInFlight: 7 }, clock))).toEqual([null, null]);
  });

  test('after a refusal no message fits, after another error as many as before', () => {
    const quota = new ApplicationQuota({ messagesPerSecond: 1 }, new ManualClock());
    quota.noteRefusal(new LimitReached('requestsPerSecond', 800));
    expect(told(quota)[1]).toBe('"messages";r=1000;t=1');
    quota.noteRefusal(new LimitReached('messagesPerSecond', 800));
    expect(told(quota)[1]).toBe('"messages";r=0;t=1000');
  });
});

describe('the limits of an application', () => {
  test('are its own over those of the installation; 0 is none', () => {
    const limits = new Limits({ messagesPerSecond: 10, requestsPerSecond: 0 }, new ManualClock());
    expect(limits.of(OWN)).toEqual({ messagesPerSecond: 10 });
    limits.set(OWN, { requestsPerSecond: 5 });
    expect(limits.of(OWN)).toEqual({ messagesPerSecond: 10, requestsPerSecond: 5 });
    expect(limits.of(OTHER)).toEqual({ messagesPerSecond: 10 });
    limits.set(OWN, {});
    expect(limits.of(OWN)).toEqual({ messagesPerSecond: 10 });
  });

  test('cost nothing where there are none, and are counted anew when they change', () => {
    const limits = new Limits({}, new ManualClock());
    expect(limits.quotaOf(OWN)).toBeUndefined();
    limits.set(OTHER, { requestsPerSecond: 1 });
    expect(limits.quotaOf(OWN)).toBeUndefined();
    expect(limits.quotaOf('garbage')).toBeUndefined();
    const quota = limits.quotaOf(OTHER);
    expect(quota).toBeDefined();
    limits.set(OTHER, { requestsPerSecond: 1 });
    expect(limits.quotaOf(OTHER)).toBe(quota as ApplicationQuota);
    limits.set(OTHER, { requestsPerSecond: 2 });
    expect(limits.quotaOf(OTHER)).not.toBe(quota as ApplicationQuota);
    limits.set(OTHER, {});
    expect(limits.quotaOf(OTHER)).toBeUndefined();
  });

  test('are kept for a bounded number of applications: those at rest go first', () => {
    const limits = new Limits({ requestsPerSecond: 1 }, new ManualClock(), 100);
    const busy = limits.quotaOf(OWN);
    busy?.takeRequest();
    for (let other = 0; other < 1_000; other += 1) limits.quotaOf(crypto.randomUUID());
    expect(limits.quotaOf(OWN)).toBe(busy as ApplicationQuota);
  });
});

describe('over HTTP', () => {
  let server: HttpServer | undefined;
  afterEach(() => server?.stop(0));

  /** A program whose creates wait until `go` is called. */
  async function program(limits: object, options: Parameters<typeof openedAccess>[0] = { keyed: false }) {
    const waiting: (() => void)[] = [];
    const its = await openedAccess(options);
    its.keys.limits.set(OWN, limits);
    await its.clock.advance(5_000);
    const create = async ({ quota }: Asked<'createMessage'>) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      quota?.noteMessages(900);
      return {};
    };
    const routes = [
      { operation: OPERATIONS.createMessage, handle: create },
      { operation: OPERATIONS.getMessage, handle: async () => ({ item: {}, etag: '"1"' }) },
      { operation: OPERATIONS.updateLimits, handle: async () => ({}) },
      { operation: OPERATIONS.revokeKey, handle: async () => undefined },
      { operation: OPERATIONS.listKeys, handle: async () => [] },
    ];
    const app = httpApp({ logger: createLogger('test', 'silent'), registry: its.registry, routes, access: its.access });
    server = serve(app, { host: '127.0.0.1', port: 0 });
    const at = (token: string) => `http://127.0.0.1:${server?.port}/api/applications/${token}/chats/1/messages`;
    const post = (token = OWN, body: string | ReadableStream = '{"message_content":"x"}') =>
      fetch(at(token), { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const get = (token = OWN) => fetch(`${at(token)}/1`);
    const ask = async (method: string, path: string, key = '') => {
      const headers = { 'content-type': 'application/json', ...(key !== '' && { authorization: `Bearer ${key}` }) };
      const url = `http://127.0.0.1:${server?.port}/api/applications/${OWN}${path}`;
      return (await fetch(url, { method, headers, ...(method === 'PATCH' && { body: '{"requests_per_second":9}' }) }))
        .status;
    };
    return { its, post, get, ask, waiting };
  }

  test('a request beyond the limit is a 429 that says when to come again', async () => {
    const { get } = await program({ requestsPerSecond: 1 });
    for (let time = 0; time < 10; time += 1) expect((await get()).status).toBe(200);
    const answer = await get();
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('ratelimit')).toBe('"requests";r=0;t=10');
    expect(await answer.json()).toMatchObject({ status: 429, title: 'Too Many Requests' });
    const other = await get(OTHER);
    expect([other.status, other.headers.get('ratelimit')]).toEqual([200, null]);
  });

  test('a flood does not keep those out who end it: limits are changed and keys revoked all the same', async () => {
    const { get, ask } = await program({ requestsPerSecond: 1 });
    for (let time = 0; time < 11; time += 1) await get();
    expect([await ask('GET', '/keys'), await ask('GET', '/chats/1/messages/1')]).toEqual([429, 429]);
    expect(await ask('PATCH', '/limits')).toBe(200);
    expect(await ask('DELETE', `/keys/${crypto.randomUUID()}`)).toBe(204);
  });

  test('nor the operator, who may do everything', async () => {
    const { its, ask } = await program({ requestsPerSecond: 1 }, { adminKeys: [ADMIN_KEY] });
    const { text } = its.keys.make(OWN);
    let known: number | undefined;
    const asked = ask('GET', '/keys', text).then((status) => (known = status));
    while (known === undefined) await its.clock.advance(200); // it is looked up
    expect(await asked).toBe(200);
    for (let time = 0; time < 10; time += 1) await ask('GET', '/keys', text);
    expect([await ask('GET', '/keys', text), await ask('GET', '/keys', ADMIN_KEY)]).toEqual([429, 200]);
  });

  test('a create beyond those in flight is a 429; each that ends makes room, also one that fails', async () => {
    const { post, waiting } = await program({ createsInFlight: 2, messagesPerSecond: 100 });
    const first = [post(), post()];
    while (waiting.length < 2) await Bun.sleep(1);
    const refused = await post();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    waiting.shift()?.();
    const done = await Promise.race(first);
    expect([done.status, done.headers.get('ratelimit')]).toEqual([201, '"messages";r=900;t=1']);
    for (let time = 0; time < 3; time += 1) expect((await post(OWN, '{}')).status).toBe(422);
    waiting.shift()?.();
    const last = post();
    while (waiting.length < 1) await Bun.sleep(1);
    waiting.shift()?.();
    expect((await last).status).toBe(201);
  });

  test('a create whose body has not come takes no place of those in flight', async () => {
    const { post, waiting } = await program({ createsInFlight: 1 });
    const streams: ReadableStreamDefaultController[] = [];
    const slow = () =>
      new ReadableStream({
        start: (stream) => {
          stream.enqueue(Buffer.from('{"message_content":'));
          streams.push(stream);
        },
      });
    const held = [post(OWN, slow()), post(OWN, slow())];
    await until('both are waited for', () => bodiesWaiting() === 2);
    const quick = post();
    await until('it is let in', () => waiting.length === 1);
    waiting.shift()?.();
    expect((await quick).status).toBe(201);
    for (const stream of streams) {
      stream.enqueue(Buffer.from('"x"}'));
      stream.close();
    }
    await until('one of them is let in', () => waiting.length === 1);
    const refused = await Promise.race(held);
    expect(refused.status).toBe(429);
    waiting.shift()?.();
    expect((await Promise.all(held)).map(({ status }) => status).sort()).toEqual([201, 429]);
  });
});
