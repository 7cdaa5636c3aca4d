/**
 * Compares reads of one message and of pages over HTTP with plain SQL on the same rows, and with the HTTP floor (the
 * same routes without our code).
 */
import { partitionOf } from '@parley/domain';
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { HttpFloors } from '../floors/http.ts';
import { insertMessages, rawPages, rawPoints, withMysql } from '../floors/mysql.ts';
import { hasWrk, load, type Target } from '../load/load.ts';
import { rate } from '../measure/result.ts';
import { PARTITIONS } from '../stack.ts';
import { randomFrom } from '../texts.ts';

const CONNECTIONS = 64;
const POINT_SHARE = 0.5;
const PAGE_SHARE = 0.8;
const POINTS = 1_000;

const sizeOf = ({ quick, large }: Context): number => (large ? 10_000_000 : quick ? 50_000 : 1_000_000);

export const reads: Scenario = {
  name: 'reads',
  description: 'GET of one message and of pages of 50 at the start and the end of a long chat, against raw SELECTs',
  run: async (context) => {
    const { stack, seconds, say } = context;
    const messages = sizeOf(context);
    say(`filling a chat with ${messages.toLocaleString('en')} messages`);
    const token = await filledChat(stack.servers.mysql, messages);
    const floors = new HttpFloors();
    const bare = await floors.open('bare');
    const chat = `/api/applications/${token}/chats/1/messages`;
    const deep = messages - 100;
    const points = pointTargets(chat, messages);
    const http = (name: string, url: string, targets: Target[]): Contender => ({
      name,
      run: () => load({ url, connections: CONNECTIONS, targets, seconds }, hasWrk() ? 'wrk' : 'autocannon'),
      pids: { floor: bare.pid },
    });
    const page = (after?: number): Target[] => [
      { method: 'GET', path: `${chat}?limit=50${after === undefined ? '' : `&after=${after}`}` },
    ];
    const read = { token, chat: 1, messages, seconds };
    const contenders = {
      floor: http('HTTP floor, one message', bare.url, points),
      point: http('GET of one message', stack.api, points),
      rawPoint: { name: 'raw point SELECT', run: () => rawPoints(stack.servers.mysql, read) },
      floorPage: http('HTTP floor, page of 50', bare.url, page()),
      start: http('GET of the first page of 50', stack.api, page()),
      rawStart: { name: 'raw page SELECT, start', run: () => rawPages(stack.servers.mysql, { ...read, after: 0 }) },
      deep: http(`GET of a page of 50 at message ${deep.toLocaleString('en')}`, stack.api, page(deep)),
      rawDeep: { name: 'raw page SELECT, end', run: () => rawPages(stack.servers.mysql, { ...read, after: deep }) },
    } satisfies Record<string, Contender>;
    try {
      const all = await interleaved(context, Object.values(contenders), context.quick ? 1 : context.rounds);
      const of = ({ name }: Contender) => all.get(name) ?? [];
      const { floor, point, rawPoint, floorPage, start, rawStart } = contenders;
      const against = (other: Contender, target?: number) => {
        return { to: other.name, samples: of(other), ...(target !== undefined && { target }) };
      };
      const row = ({ name }: Contender, held?: ReturnType<typeof against>) =>
        rate({ scenario: 'reads', unit: 'requests/s', name }, all.get(name) ?? [], held);
      return [
        ...[row(floor), row(rawPoint), row(point, against(floor, POINT_SHARE))],
        ...[row(floorPage), row(rawStart), row(start, against(rawStart, PAGE_SHARE))],
        ...[row(contenders.rawDeep), row(contenders.deep, against(contenders.rawDeep, PAGE_SHARE))],
        { ...row(contenders.deep, against(start, 0.9)), name: 'a page at the end against one at the start' },
      ];
    } finally {
      await floors.close();
    }
  },
};

function pointTargets(chat: string, messages: number): Target[] {
  const random = randomFrom(17);
  return Array.from({ length: POINTS }, () => {
    return { method: 'GET', path: `${chat}/${1 + Math.floor(random() * messages)}` };
  });
}

/** Writes an application and one chat with this many messages into MySQL, not through the apps. @returns the token */
export async function filledChat(url: string, messages: number): Promise<string> {
  const token = crypto.randomUUID();
  const key = `${partitionOf(token, PARTITIONS)}, 0x${token.replaceAll('-', '')}`;
  await withMysql(url, async (connection) => {
    const rest = `0x${'0'.repeat(32)}, NOW(3), NOW(3)`;
    const times = 'event_id, created_at, updated_at';
    await connection.query(
      `INSERT INTO applications (partition_number, token, name, chats_count, ${times}) VALUES (${key}, 'Bench', 1, ${rest})`,
    );
    await connection.query(
      `INSERT INTO chats (partition_number, token, number, name, messages_count, ${times}) VALUES (${key}, 1, 'Bench', ${messages}, ${rest})`,
    );
    await insertMessages(connection, { token, chat: 1, first: 1, count: messages });
  });
  return token;
}
