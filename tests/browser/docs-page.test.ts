import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Chromium's own calls home are off, so that every request that is seen comes from the page. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let dataDir: string;
let standalone: StandaloneProcess;
let browser: Browser;
beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`There is no Chromium at ${CHROMIUM}: install it or set CHROMIUM.`);
  dataDir = await temporaryFolder();
  standalone = await startStandalone(dataDir);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await standalone?.kill();
  await rm(dataDir, { recursive: true, force: true });
});

test('the docs page renders, "Try it out" creates an application, and no request leaves the machine', async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  const requested: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requested.push(request.url()));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));

  await page.goto(`${standalone.url}/swagger`);
  await page.locator('.opblock').first().waitFor();
  expect(await page.locator('.info .title').first().textContent()).toContain('Parley');
  expect(await page.locator('.opblock').count()).toBe(19);
  expect(await page.locator('.opblock-tag').allInnerTexts()).toEqual(['Applications', 'Chats', 'Messages', 'Search']);
  await screenshot('docs-page.png');

  const operation = page.locator('.opblock', { hasText: 'Create an application' }).first();
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.locator('textarea.body-param__text').fill('{"application_name":"From the docs page"}');
  await operation.getByRole('button', { name: 'Execute' }).click();
  const live = operation.locator('.live-responses-table');
  await live.waitFor();
  expect(await live.locator('.response-col_status').last().textContent()).toStartWith('201');
  expect(await live.textContent()).toContain('From the docs page');
  await screenshot('docs-page-tried.png');

  const list = await (await fetch(`${standalone.url}/api/applications`)).json();
  expect(list).toMatchObject([{ name: 'From the docs page' }]);
  const elsewhere = requested.filter((url) => !url.startsWith(`${standalone.url}/`) && !url.startsWith('data:'));
  expect(elsewhere).toEqual([]);
  expect(errors).toEqual([]);

  async function screenshot(name: string): Promise<void> {
    const folder = process.env.SCREENSHOT_DIR;
    if (folder !== undefined) await page.screenshot({ path: join(folder, name) });
  }
}, 60_000);
