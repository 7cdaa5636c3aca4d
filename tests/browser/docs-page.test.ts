import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/**
 * The docs page's host. It is not local, because on a local host Swagger UI never calls its online validator: then no
 * test would notice such a call.
 */
const HOST = 'docs.parley.test';
/** Options that turn off Chromium's own requests, so that every request that a test sees comes from the page. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--host-resolver-rules=MAP ${HOST} 127.0.0.1, MAP * ~NOTFOUND`,
];

let dataDir: string | undefined;
let standalone: StandaloneProcess | undefined;
let browser: Browser | undefined;
beforeAll(async () => {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `There is no Chromium at ${CHROMIUM}. Install it (Debian: apt-get install chromium) or set CHROMIUM to its path.`,
    );
  }
  dataDir = await temporaryFolder();
  standalone = await startStandalone(dataDir, { ALLOWED_HOSTS: `${HOST},127.0.0.1` });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await standalone?.terminate();
  if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
}, 60_000);

test('the docs page lists every operation under its tag', async () => {
  await withPage('light', async ({ page, screenshot }) => {
    expect(await page.locator('.info .title').first().textContent()).toContain('Parley');
    const tags = page.locator('.opblock-tag');
    const names = await tags.evaluateAll((elements) => elements.map((element) => element.getAttribute('data-tag')));
    expect(names).toEqual(['Applications', 'Chats', 'Messages', 'Reads', 'Search', 'Access', 'Administration']);
    expect(await tags.last().textContent()).toContain('For the operator');
    const sections = await page.locator('.opblock-tag-section').all();
    const counts = await Promise.all(sections.map((section) => section.locator('.opblock').count()));
    expect(counts).toEqual([8, 6, 8, 2, 4, 4, 4]);
    await screenshot('docs-page.png');
  });
}, 60_000);

test('"Try it out" creates an application that exists afterwards', async () => {
  await withPage('light', async ({ page, url, screenshot }) => {
    const operation = page.locator('.opblock', { hasText: 'Create an application' }).first();
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.locator('textarea.body-param__text').fill('{"application_name":"From the docs page"}');
    await operation.getByRole('button', { name: 'Execute' }).click();
    const { status, body } = await answerOn(operation);
    await operation.locator('.live-responses-table').scrollIntoViewIfNeeded();
    await screenshot('docs-page-tried.png');
    expect(status).toStartWith('201');
    const { application_token } = JSON.parse(body) as { application_token: string };

    const read = await fetch(`${url}/api/applications/${application_token}`);
    expect(read.status).toBe(200);
    expect(await read.json()).toMatchObject({ token: application_token, name: 'From the docs page' });
  });
}, 60_000);

test('"Authorize" sends the key with what is tried out, and the browser keeps nothing of it', async () => {
  const key = 'parley_sk_a-key-that-is-typed-in';
  await withPage(
    'light',
    async ({ page, screenshot }) => {
      await page.getByRole('button', { name: 'Authorize' }).first().click();
      const dialog = page.locator('.dialog-ux');
      expect(await dialog.locator('h4 code').allTextContents()).toEqual(['adminKey', 'secretKey', 'userToken']);
      const scheme = dialog.locator('.auth-container', { hasText: 'secretKey' });
      await scheme.locator('input').fill(key);
      await scheme.getByRole('button', { name: 'Apply credentials' }).click();
      await screenshot('docs-page-authorized.png');
      await dialog.getByRole('button', { name: 'Close' }).first().click();
      const asked = page.waitForRequest(/\/api\/applications\//);
      const { status } = await tryOut(page, 'getApplication', { token: '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a' });
      expect((await asked).headers().authorization).toBe(`Bearer ${key}`);
      expect(status).toStartWith('404');
      const kept = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
      );
      expect(kept).not.toContain(key);
    },
    ['404'],
  );
}, 60_000);

test('a search and a page of messages are tried out from the docs page', async () => {
  await withPage('light', async ({ page, url, screenshot }) => {
    const post = async (path: string, body: object) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      return (await (await fetch(`${url}/api/applications${path}`, init)).json()) as { application_token: string };
    };
    const { application_token: token } = await post('', { application_name: 'To be searched' });
    await post(`/${token}/chats`, {});
    for (const message_content of ['red', 'blue', 'dark red']) await post(`/${token}/chats/1`, { message_content });

    const search = await tryOut(page, 'searchMessages', { token, number: '1', search_query: 'red' });
    expect(search.status).toStartWith('200');
    expect(JSON.parse(search.body)).toEqual([
      { number: 3, content: 'dark red' },
      { number: 1, content: 'red' },
    ]);
    await screenshot('docs-page-searched.png');

    const list = await tryOut(page, 'listMessages', { token, number: '1', order: 'desc', limit: '1', before: '3' });
    expect(list.status).toStartWith('200');
    expect(JSON.parse(list.body)).toMatchObject([{ number: 2, content: 'blue' }]);
  });
}, 60_000);

test('errors are explained once: at an operation each has one line', async () => {
  await withPage('light', async ({ page, screenshot }) => {
    const operation = page.locator('[id$="-createMessage"]');
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.response').first().waitFor();
    const rows = await operation.locator('.response').all();
    const heights = await Promise.all(
      rows.map(async (row) => [await row.getAttribute('data-code'), (await row.boundingBox())?.height ?? 0] as const),
    );
    const errors = heights.filter(([code]) => code !== '201');
    expect(errors.map(([code]) => code)).toEqual([
      '400',
      '401',
      '403',
      '404',
      '413',
      '415',
      '422',
      '429',
      '503',
      'default',
    ]);
    for (const [code, height] of errors) expect(height, code ?? '').toBeLessThan(60);
    await screenshot('docs-page-errors.png');
  });
}, 60_000);

test('the examples and "Try it out" use the server that the page comes from', async () => {
  await withPage('light', async ({ page, origin }) => {
    const text = await page.locator('.info').textContent();
    expect(text).toContain(`PARLEY=${origin}`);
    expect(text).not.toContain('localhost:8080');
    expect(await page.locator('.servers option').allTextContents()).toEqual([expect.stringContaining(origin)]);
  });
}, 60_000);

test.each(['light', 'dark'] as const)(
  'the first page, %s, has an example call and links to the docs',
  async (scheme) => {
    await withPage(scheme, async ({ page, origin, screenshot }) => {
      await page.goto(`${origin}/`);
      expect(await page.locator('h1').textContent()).toMatch(/^Parley [0-9.]+$/);
      expect(await page.locator('h2').first().textContent()).toBe('State: ready');
      expect(await page.locator('pre').textContent()).toStartWith(`curl -X POST ${origin}/api/applications`);
      const drawn = await page.locator('h1 img').evaluate((image) => (image as HTMLImageElement).naturalWidth > 0);
      expect(drawn).toBe(true);
      await screenshot(`first-page-${scheme}.png`);
      await page.getByRole('link', { name: 'The API’s documentation' }).click();
      await page.locator('.opblock').first().waitFor();
      expect(page.url()).toBe(`${origin}/swagger`);
    });
  },
  60_000,
);

test('the docs page is dark if the browser prefers that', async () => {
  await withPage('dark', async ({ page, screenshot }) => {
    const lightness = await page.evaluate(() => {
      const [red = 255, green = 255, blue = 255] = (
        getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g) ?? []
      ).map(Number);
      return (red + green + blue) / 3;
    });
    expect(lightness).toBeLessThan(64);
    await screenshot('docs-page-dark.png');
  });
}, 60_000);

test('the docs page has no inline scripts and loads nothing from another host', async () => {
  await withPage(
    'light',
    async ({ page, origin }) => {
      const sources = await page.evaluate(() =>
        [...document.querySelectorAll('script, link, img, iframe')].map((element) => {
          const { src, href } = element as HTMLScriptElement & HTMLLinkElement;
          return src || href || 'inline';
        }),
      );
      expect(sources).not.toBeEmpty();
      expect(sources.filter((source) => !source.startsWith(`${origin}/`) && !source.startsWith('data:'))).toEqual([]);
      const refused = await page.evaluate(() => {
        const { promise, resolve } = Promise.withResolvers<string>();
        document.addEventListener('securitypolicyviolation', ({ blockedURI }) => resolve(blockedURI), { once: true });
        fetch('https://example.com/').then(
          () => resolve('nothing'),
          () => {},
        );
        return promise;
      });
      expect(refused).toStartWith('https://example.com');
    },
    ['example.com'],
  );
}, 60_000);

interface Opened {
  readonly page: Page;
  /** The standalone's address for requests by the test itself. */
  readonly url: string;
  /** The standalone's address for requests by the browser. */
  readonly origin: string;
  screenshot(name: string): Promise<void>;
}

/**
 * Opens the docs page, waits for its operations and calls `use`. Then fails if a request failed or went to another
 * host, or the console has an error, except for those whose text contains one of `provoked`.
 */
async function withPage(
  colorScheme: 'light' | 'dark',
  use: (opened: Opened) => Promise<void>,
  provoked: readonly string[] = [],
): Promise<void> {
  if (browser === undefined || standalone === undefined) throw new Error('nothing was started');
  const { url } = standalone;
  const origin = url.replace('127.0.0.1', HOST);
  const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 1600 } });
  const requested: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => requested.push(request.url()));
  context.on('requestfailed', (request) => errors.push(`failed: ${request.url()}`));
  context.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  context.on('weberror', (error) => errors.push(error.error().message));
  const page = await context.newPage();
  await page.goto(`${origin}/swagger`);
  await page.locator('.opblock').first().waitFor();
  await use({
    page,
    url,
    origin,
    screenshot: async (name) => {
      const folder = process.env.SCREENSHOT_DIR;
      if (folder !== undefined) await page.screenshot({ path: join(folder, name) });
    },
  });
  await page.waitForLoadState('networkidle');
  const unexpected = (text: string) => !provoked.some((name) => text.includes(name));
  expect(requested).toContain(`${origin}/swagger/json`);
  const elsewhere = requested.filter((address) => !address.startsWith(`${origin}/`) && !address.startsWith('data:'));
  expect(elsewhere.filter(unexpected)).toEqual([]);
  expect(errors.filter(unexpected)).toEqual([]);
  await context.close();
}

/** Fills in an operation's parameters on the docs page and executes it. Returns the status and body shown there. */
async function tryOut(page: Page, id: string, values: Readonly<Record<string, string>>) {
  const operation = page.locator(`[id$="-${id}"]`);
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  for (const [name, value] of Object.entries(values)) {
    const field = operation.locator(`tr[data-param-name="${name}"]`).locator('input, select');
    if ((await field.evaluate((element) => element.tagName)) === 'SELECT') await field.selectOption(value);
    else await field.fill(value);
  }
  await operation.getByRole('button', { name: 'Execute' }).click();
  return answerOn(operation);
}

async function answerOn(operation: Locator): Promise<{ status: string; body: string }> {
  const live = operation.locator('.live-responses-table .response').last();
  await live.waitFor();
  const status = (await live.locator('.response-col_status').textContent()) ?? '';
  const body = (await live.locator('.highlight-code code').first().textContent()) ?? '';
  return { status, body };
}
