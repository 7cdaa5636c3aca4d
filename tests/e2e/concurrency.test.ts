import { expect, test } from 'bun:test';
import { until } from '@parley/testing';
import { counted, e2e } from '../support/e2e.ts';

const CLIENTS = 64;
const CHATS = 50;
const MESSAGES = 10_000;

test('64 clients create 10,000 messages in 50 chats: numbers are 1..n, all are stored, counted and found', async () => {
  const client = await e2e();
  const application = await client.application('Crowd');
  const chats = await Promise.all(
    Array.from({ length: CHATS }, (_, index) => client.chat(`Chat ${index}`, application)),
  );
  const acknowledged = new Map<string, Map<number, string>>(chats.map((chat) => [chat, new Map()]));

  let next = 0;
  const work = async () => {
    for (let index = next++; index < MESSAGES; index = next++) {
      const chat = chats[index % CHATS]!;
      const content = `message word${index.toString(36)}end of the crowd`;
      const { status, body } = await client.post(`${chat}/messages`, { message_content: content });
      expect(status).toBe(201);
      const numbers = acknowledged.get(chat)!;
      expect(numbers.has(body.message_number)).toBe(false);
      numbers.set(body.message_number, content);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));

  for (const chat of chats) {
    const numbers = acknowledged.get(chat)!;
    expect(numbers.size).toBe(MESSAGES / CHATS);
    await client.get(`${chat}/messages/${numbers.size}`);
    const { body } = await client.get(`${chat}/messages?limit=200`);
    expect(body.map(({ number }: { number: number }) => number)).toEqual(
      Array.from({ length: numbers.size }, (_, index) => index + 1),
    );
    for (const { number, content } of body) expect(content).toBe(numbers.get(number)!);
    await counted(client, chat, numbers.size);
  }
  await counted(client, application, CHATS);

  for (const chat of chats) {
    const all = [...acknowledged.get(chat)!];
    let at = 0;
    await until(
      `every message of ${chat} is found`,
      async () => {
        for (; at < all.length; at += 1) {
          const [number, content] = all[at]!;
          const word = content.split(' ')[1]!;
          const { body } = await client.get(`${chat}/search?search_query=${word}`);
          if (body.length !== 1 || body[0].number !== number) return false;
        }
        return true;
      },
      60_000,
    );
  }
}, 180_000);
