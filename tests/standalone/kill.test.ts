import { expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { Client } from '../support/client.ts';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

/** How often the process is killed: 20 times, or as often as the variable KILLS says. */
const KILLS = Number(process.env.KILLS ?? 20);
const CHATS = 10;
const CLIENTS = 64;
const LOAD_MS = 250;

type Acknowledged = Map<string, Map<number, string>>;

/** Creates messages, some in batches, until the server is gone. Records what was acknowledged. */
async function load(client: Client, acknowledged: Acknowledged, round: number): Promise<void> {
  const chats = [...acknowledged.keys()];
  let sent = 0;
  const work = async () => {
    for (;;) {
      sent += 1;
      const chat = chats[sent % chats.length]!;
      const contents = Array.from({ length: sent % 10 === 0 ? 20 : 1 }, (_, index) => `r${round} m${sent}-${index}`);
      const messages = contents.map((content) => ({ message_content: content }));
      try {
        const { status, body } = await client.post(`${chat}/messages/batch`, { messages });
        if (status !== 201) return;
        for (const message of body) {
          const numbers = acknowledged.get(chat)!;
          expect(numbers.has(message.message_number)).toBe(false);
          numbers.set(message.message_number, message.message_content);
        }
      } catch (error) {
        if (error instanceof TypeError || (error as { code?: string }).code !== undefined) return; // the connection broke
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
}

/**
 * Returns a chat's highest number. Fails unless each acknowledged message is there once, unchanged under its number.
 */
async function expectKept(client: Client, chat: string, numbers: Map<number, string>): Promise<number> {
  const stored = new Map<number, string>();
  let path: string | undefined = `${chat}/messages?limit=200`;
  while (path !== undefined) {
    const { body, headers } = await client.get(path);
    for (const { number, content } of body) {
      expect(stored.has(number)).toBe(false);
      stored.set(number, content);
    }
    path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  }
  for (const [number, content] of numbers) expect(stored.get(number)).toBe(content);
  expect(new Set(stored.values()).size).toBe(stored.size);
  expect((await client.get(chat)).body.messages_count).toBe(stored.size);
  return Math.max(0, ...stored.keys());
}

test(`kill -9 under load, ${KILLS} times: each acknowledged message is stored once, and new numbers continue above`, async () => {
  const dataDir = await temporaryFolder();
  let standalone: StandaloneProcess = await startStandalone(dataDir);
  try {
    let client = await Client.connect(standalone.url);
    const application = await client.application();
    const acknowledged: Acknowledged = new Map();
    for (let chat = 0; chat < CHATS; chat += 1)
      acknowledged.set(await client.chat(`Chat ${chat}`, application), new Map());

    for (let round = 1; round <= KILLS; round += 1) {
      const loading = load(client, acknowledged, round);
      await Bun.sleep(LOAD_MS);
      await standalone.kill();
      await loading;
      standalone = await startStandalone(dataDir);
      client = await Client.connect(standalone.url);
      for (const [chat, numbers] of acknowledged) {
        const highest = await expectKept(client, chat, numbers);
        const { status, body } = await client.post(`${chat}/messages`, { message_content: `after ${round}` });
        expect(status).toBe(201);
        expect(body.message_number).toBe(highest + 1);
        numbers.set(body.message_number, `after ${round}`);
      }
    }
    const total = [...acknowledged.values()].reduce((sum, numbers) => sum + numbers.size, 0);
    expect(total).toBeGreaterThan(KILLS * CLIENTS);
  } finally {
    await standalone.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 300_000);
