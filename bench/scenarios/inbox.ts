/**
 * Compares a page of the inbox (chats by their latest message) with a page of chats by number, over HTTP, in one
 * application with many chats: the rate, and the CPU of the api and of MySQL for a page.
 */
import { partitionOf } from '@parley/domain';
import { type Contender, interleaved, type Scenario } from '../context.ts';
import { withMysql } from '../floors/mysql.ts';
import { load, type Target, usualTool } from '../load/load.ts';
import { rate } from '../measure/result.ts';
import { cpuPerItem, type Sample } from '../measure/sample.ts';
import { PARTITIONS } from '../stack.ts';
import { randomFrom, textOf } from '../texts.ts';

const CONNECTIONS = 32;
const CHATS = 100_000;
const MESSAGES_EACH = 3;
const ROWS_AT_ONCE = 2_000;
const TIMES_MAX = 2;

export const inbox: Scenario = {
  name: 'inbox',
  description: 'a page of 50 chats by their latest message against a page by number, with 100,000 chats',
  run: async (context) => {
    const { stack, seconds, say } = context;
    const chats = context.quick ? CHATS / 10 : CHATS;
    say(`filling an application with ${chats.toLocaleString('en')} chats`);
    const token = await filledApplication(stack.servers.mysql, chats);
    const path = `/api/applications/${token}/chats?limit=50`;
    const http = (name: string, query: string): Contender => ({
      name,
      run: () => {
        const targets: Target[] = [{ method: 'GET', path: `${path}${query}` }];
        return load({ url: stack.api, connections: CONNECTIONS, targets, seconds }, usualTool());
      },
    });
    const byNumber = http('GET of 50 chats by number', `&after=${chats / 2}`);
    const byActivity = http('GET of 50 chats by activity', '&order=activity');
    const all = await interleaved(context, [byNumber, byActivity], context.rounds);
    const samples = (name: string) => all.get(name) ?? [];
    const row = ({ name }: Contender) => rate({ scenario: 'inbox', unit: 'requests/s', name }, samples(name));
    const times = samples(byActivity.name).map((sample, index) => {
      const other = samples(byNumber.name)[index];
      return other === undefined ? Number.NaN : cpuOf(sample) / cpuOf(other);
    });
    return [
      row(byNumber),
      row(byActivity),
      {
        ...{ scenario: 'inbox', name: 'CPU of a page by activity over one by number', unit: '×' },
        ...{ values: times, samples: samples(byActivity.name), target: { atMost: TIMES_MAX } },
      },
    ];
  },
};

/** The CPU of all programs but the load for one page. */
function cpuOf(sample: Sample): number {
  return cpuPerItem(sample, (name) => name !== 'load' && name !== 'bench');
}

/** Writes an application with chats of a few messages each into MySQL, not through the apps. Returns the token. */
async function filledApplication(url: string, chats: number): Promise<string> {
  const token = crypto.randomUUID();
  const key = `${partitionOf(token, PARTITIONS)}, 0x${token.replaceAll('-', '')}`;
  const rest = `0x${'0'.repeat(32)}, NOW(3), NOW(3)`;
  const times = 'event_id, created_at, updated_at';
  const random = randomFrom(23);
  await withMysql(url, async (mysql) => {
    const insert = async (into: string, rows: readonly string[]) => {
      for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
        await mysql.query(`INSERT INTO ${into} VALUES ${rows.slice(from, from + ROWS_AT_ONCE).join()}`);
      }
    };
    const numbers = Array.from({ length: chats }, (_, index) => index + 1);
    await insert(`applications (partition_number, token, name, chats_count, ${times})`, [
      `(${key}, 'Bench', ${chats}, ${rest})`,
    ]);
    await insert(
      `chats (partition_number, token, number, name, messages_count, ${times})`,
      numbers.map((chat) => `(${key}, ${chat}, 'Bench ${chat}', ${MESSAGES_EACH}, ${rest})`),
    );
    for (let number = 1; number <= MESSAGES_EACH; number += 1) {
      await insert(
        `messages (partition_number, token, chat_number, number, content, ${times})`,
        numbers.map((chat) => `(${key}, ${chat}, ${number}, ${mysql.escape(textOf(random, 60))}, ${rest})`),
      );
    }
    // The latest message is in another order than the numbers.
    await insert(
      'activity (partition_number, token, chat_number, last_number, at)',
      numbers.map(
        (chat) => `(${key}, ${chat}, ${MESSAGES_EACH}, NOW(3) - INTERVAL ${Math.floor(random() * 1e6)} SECOND)`,
      ),
    );
  });
  return token;
}
