/**
 * A page of another origin that calls the API in a real browser, with a user token. What it may and may not do is the
 * browser's decision, from the headers of our answers.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { TcpProxy } from '@parley/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type KeyedSystem, keyedSystem, userToken } from '../support/keyed.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const [LISTED, UNLISTED] = ['app.parley.test', 'other.parley.test'];
const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
  `--host-resolver-rules=MAP ${LISTED} 127.0.0.1, MAP ${UNLISTED} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
];

let pages: ReturnType<typeof Bun.serve> | undefined;
let system: KeyedSystem;
let browser: Browser | undefined;
/** In front of the system, to see what the browser sends: it shows no preflights to a test. */
let proxy: TcpProxy;
let url: string;
let preflights = 0;
let application: string;
let token: string;
beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`There is no Chromium at ${CHROMIUM}: install it, or set CHROMIUM.`);
  const html = { headers: { 'content-type': 'text/html' } };
  pages = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => new Response('<!doctype html><title>App</title>', html),
  });
  system = await keyedSystem({ CORS_ORIGINS: `https://elsewhere.example,http://${LISTED}:${pages.port}` });
  ({ proxy, url } = await TcpProxy.open(system.url));
  proxy.set({
    inspect: (_, from, bytes) => {
      if (from === 'client' && bytes.toString('latin1').startsWith('OPTIONS ')) preflights += 1;
      return undefined;
    },
  });
  application = await system.admin.application('For pages');
  await system.admin.chat('Open', application);
  const user = await userToken(system.admin, application, 'anna', {
    chats: '*',
    can: ['messages:read', 'messages:write'],
  });
  token = user.credential ?? '';
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  proxy?.close();
  await system?.stop();
  await pages?.stop(true);
}, 60_000);

interface Call {
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
  readonly token?: string;
}

/** What a script of the page gets: the answer, or the error of fetch. */
interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly error: string;
}

interface Opened {
  readonly call: (call: Call) => Promise<Got>;
  /** How many preflights the browser has sent. */
  readonly preflights: () => number;
}

/** Opens a page of this host, and calls the API from within. */
async function onPage(host: string, use: (opened: Opened) => Promise<void>): Promise<void> {
  if (browser === undefined || pages === undefined) throw new Error('nothing was started');
  const context = await browser.newContext();
  const page = await context.newPage();
  const before = preflights;
  await page.goto(`http://${host}:${pages.port}/`);
  await use({ call: (call) => callFrom(page, { token, ...call }), preflights: () => preflights - before });
  await context.close();
}

function callFrom(page: Page, { method, path, json, token: credential }: Call): Promise<Got> {
  const headers = {
    ...(credential && { authorization: `Bearer ${credential}` }),
    ...(json !== undefined && { 'content-type': 'application/json' }),
  };
  const init = { method, headers, ...(json !== undefined && { body: JSON.stringify(json) }) };
  return page.evaluate(
    async ({ address, sent }) => {
      try {
        const response = await fetch(address, sent);
        const shown = Object.fromEntries(response.headers);
        const text = await response.text();
        return { status: response.status, headers: shown, body: text === '' ? undefined : JSON.parse(text), error: '' };
      } catch (error) {
        return { status: 0, headers: {}, body: undefined, error: String(error) };
      }
    },
    { address: new URL(path, url).href, sent: init },
  );
}

const messages = () => `${application}/chats/1/messages`;
const create = (content: unknown): Call => ({ method: 'POST', path: messages(), json: { message_content: content } });

test('a page of a listed origin creates, reads and searches with a user token, and sees the headers', async () => {
  await onPage(LISTED, async ({ call }) => {
    const created = await call(create('from a page'));
    expect(created).toMatchObject({ status: 201, body: { sender_id: 'anna' } });
    expect(created.headers['x-request-id']).toBeString();
    await call(create('a second one'));

    const one = await call({ method: 'GET', path: `${messages()}/1` });
    expect(one).toMatchObject({ status: 200, body: { number: 1, content: 'from a page', sender_id: 'anna' } });
    expect(one.headers.etag).toMatch(/^"/);

    const list = await call({ method: 'GET', path: `${messages()}?limit=1` });
    expect(list.status).toBe(200);
    expect(list.headers.link).toContain('rel="next"');

    const search = { method: 'POST', path: `${application}/chats/1/search`, json: { search_query: 'page' } };
    expect(await call(search)).toMatchObject({ status: 200, body: [{ number: 1, content: 'from a page' }] });
  });
}, 60_000);

test('it reads the problems of 401, 403, 404 and 422', async () => {
  await onPage(LISTED, async ({ call }) => {
    const problem = (status: number, more: object = {}) => ({
      status,
      body: { status, title: expect.any(String), ...more },
    });
    const wrong = await call({ ...create('x'), token: 'wrong' });
    expect(wrong).toMatchObject(problem(401));
    expect(await call({ method: 'GET', path: '/api/applications' })).toMatchObject(problem(403));
    expect(await call({ method: 'GET', path: '/nothing/here' })).toMatchObject(problem(404));
    const invalid = await call(create(5));
    expect(invalid).toMatchObject(problem(422, { errors: [{ path: '/message_content', message: 'must be string' }] }));
    expect(invalid.headers['content-type']).toBe('application/problem+json');
    expect(invalid.headers['x-request-id']).toBeString();
  });
}, 60_000);

test('the browser asks once, and remembers the answer', async () => {
  await onPage(LISTED, async ({ call, preflights }) => {
    for (const content of ['one', 'two', 'three']) expect((await call(create(content))).status).toBe(201);
    expect(preflights()).toBe(1);
  });
}, 60_000);

test('a page of an origin that is not listed gets nothing, and creates nothing', async () => {
  const before = (await system.admin.get(messages())).body.length;
  await onPage(UNLISTED, async ({ call, preflights }) => {
    expect(await call(create('from elsewhere'))).toMatchObject({
      status: 0,
      error: expect.stringContaining('Failed to fetch'),
    });
    expect(preflights()).toBe(1);
    // A request that browsers send without asking: it is answered, but the page cannot read the answer.
    const simple = { method: 'GET', path: '/healthz', token: '' };
    expect(await call(simple)).toMatchObject({ status: 0, error: expect.stringContaining('Failed to fetch') });
  });
  expect((await system.admin.get(messages())).body.length).toBe(before);
}, 60_000);
