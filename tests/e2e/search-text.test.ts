import { beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

/** Messages 1 to 15, as people type them. In CASES, `found` has the numbers of the expected hits, best first. */
const TEXTS = [
  'super\u00adcali\u200bfragilistic',
  'I \u2764 you',
  'مُحَمَّد كـــتـاب أحمد ١٢٣',
  'שָׁלוֹם עוֹלָם',
  'п\u02bcять „Alice und Bob“', // message 5
  'What???',
  'see you :)',
  'cat music',
  'C# rocks',
  'bob is here', // message 10
  'hi @bob',
  'logo \ue123 \u{38f00}',
  'ha'.repeat(5_000),
  'a'.repeat(10_000),
  'が', // message 15
];
const CASES: [query: string, found: number[]][] = [
  ['supercali', [1]],
  ['super\u00adcalifragi', [1]],
  ['\u2764\ufe0f', [2]],
  ['محمد', [3]],
  ['مَحَمَّد', [3]],
  ['کتاب', [3]],
  ['احمد', [3]],
  ['123', [3]],
  ['שלום', [4]],
  ['עוֹלם', [4]],
  ["п'ять", [5]],
  ['п’ять', [5]],
  ['“alice und”', [5]],
  ['“und alice”', []],
  ['???', [6]],
  ['?', [6]],
  ['????', []],
  [':)', [7]],
  ['#', [9]],
  ['C#', [9]],
  ['@bob', [11]],
  ['bob', [11, 10, 5]],
  ['\ue123', [12]],
  ['\u{38f00}', [12]],
  ['hahahaha', [13]],
  ['ha'.repeat(500), [13]],
  ['aaaa', [14]],
  ['a'.repeat(1_000), [14]],
  ['か', []],
  ['が', [15]],
];

let client: Client;
let chat: string;
beforeAll(async () => {
  client = await e2e();
  chat = await client.chat();
  await client.messages(chat, TEXTS);
  await until('the last message is found', async () => (await found('が')).length === 1);
});

async function found(query: string): Promise<number[]> {
  const { status, body } = await client.get(`${chat}/search?search_query=${encodeURIComponent(query)}`);
  expect(status).toBe(200);
  return body.map(({ number }: { number: number }) => number);
}

describe('a search as people type it', () => {
  for (const [query, numbers] of CASES) {
    const shown = query.length > 20 ? `${query.slice(0, 20)}…` : query;
    test(`${JSON.stringify(shown)} finds ${JSON.stringify(numbers)}`, async () => {
      expect(await found(query)).toEqual(numbers);
    });
  }
});

test('hits show an edit at once, and a message that no longer matches is left out', async () => {
  const own = await client.chat();
  await client.messages(own, ['a green door', 'a green tree']);
  const green = async () => (await client.get(`${own}/search?search_query=green`)).body;
  await until('both are found', async () => (await green()).length === 2);
  await client.patch(`${own}/messages/1`, { message_content: 'a green gate' });
  expect(await green()).toEqual([
    { number: 2, content: 'a green tree' },
    { number: 1, content: 'a green gate' },
  ]);
  await client.patch(`${own}/messages/2`, { message_content: 'a red tree' });
  expect(await green()).toEqual([{ number: 1, content: 'a green gate' }]);
});
