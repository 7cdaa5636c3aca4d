/**
 * Compares reads of one message and of pages over HTTP with plain SQL on the same rows, and with the HTTP floor (the
 * same routes without our code). The reads go to many places of several chats, as those of many users do: requests of
 * the same moment for the same page may share one read.
 */
import { partitionOf } from '@parley/domain';
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { HttpFloors } from '../floors/http.ts';
import { insertMessages, rawPages, rawPoints, withMysql } from '../floors/mysql.ts';
import { load, type Target, usualTool } from '../load/load.ts';
import { cpuEach, cpuOver, type Measurement, rate } from '../measure/result.ts';
import { PARTITIONS } from '../stack.ts';
import { randomFrom } from '../texts.ts';

const CONNECTIONS = 64;
const CHATS = 8;
const PLACES = 1_000;
const PAGE = 50;
/** Pages at the start and at the end of a chat are within this many messages of it. */
const EDGE = 1_000;
const POINT_SHARE = 0.5;
const POINT_OVER_FLOOR_MAX = 1 / POINT_SHARE;
const API_PAGE_US_MAX = 60;
const MYSQL_PAGE_US_MAX = 90;
const END_SHARE = 0.9;

/** How many messages all chats together have. */
const sizeOf = ({ quick, large }: Context): number => (large ? 10_000_000 : quick ? 80_000 : 1_000_000);

export const reads: Scenario = {
  name: 'reads',
  description: 'GET of one message and of pages of 50 at many places of several chats, against raw SELECTs',
  run: async (context) => {
    const { stack, seconds, quick, say } = context;
    const each = sizeOf(context) / CHATS;
    say(`filling ${CHATS} chats with ${each.toLocaleString('en')} messages each`);
    const tokens: string[] = [];
    while (tokens.length < CHATS) tokens.push(await filledChat(stack.servers.mysql, each));
    const floors = new HttpFloors();
    const bare = await floors.open('bare');
    const points = targets(tokens, 1, each, (number) => `/${number}`);
    const pages = (first: number, last: number) =>
      targets(tokens, first, last, (after) => `?limit=${PAGE}&after=${after}`);
    const all = pages(0, each - PAGE);
    const http = (name: string, url: string, to: Target[]): Contender => ({
      name,
      run: () => load({ url, connections: CONNECTIONS, targets: to, seconds }, usualTool()),
      pids: { floor: bare.pid },
    });
    const read = { tokens, messages: each, seconds };
    const contenders = {
      floor: http('HTTP floor, one message', bare.url, points),
      point: http('GET of one message', stack.api, points),
      rawPoint: { name: 'raw point SELECT', run: () => rawPoints(stack.servers.mysql, read) },
      floorPage: http('HTTP floor, page of 50', bare.url, all),
      page: http('GET of a page of 50', stack.api, all),
      rawPage: { name: 'raw page SELECT', run: () => rawPages(stack.servers.mysql, read) },
      start: http('GET of a page of 50 at the start', stack.api, pages(0, EDGE)),
      end: http('GET of a page of 50 at the end', stack.api, pages(each - EDGE, each - PAGE)),
    } satisfies Record<string, Contender>;
    try {
      const samples = await interleaved(context, Object.values(contenders), quick ? 1 : context.rounds);
      return rowsOf(contenders, ({ name }) => samples.get(name) ?? []);
    } finally {
      await floors.close();
    }
  },
};

type Contenders = Readonly<
  Record<'floor' | 'point' | 'rawPoint' | 'floorPage' | 'page' | 'rawPage' | 'start' | 'end', Contender>
>;

function rowsOf(
  { floor, point, rawPoint, floorPage, page, rawPage, start, end }: Contenders,
  of: (contender: Contender) => Measurement['samples'],
): Measurement[] {
  const row = (contender: Contender, other?: Contender, target?: number): Measurement => {
    const what = { scenario: 'reads', unit: 'requests/s', name: contender.name };
    if (other === undefined) return rate(what, of(contender));
    const against = { to: other.name, samples: of(other), ...(target !== undefined && { target }) };
    return rate(what, of(contender), against);
  };
  const cpu = (name: string, program: string, contender: Contender, target: Measurement['target']): Measurement =>
    cpuEach({ scenario: 'reads', name, ...(target && { target }) }, { program, samples: of(contender) });
  return [
    ...[row(floor), row(rawPoint), row(point, floor, POINT_SHARE)],
    cpuOver(
      { scenario: 'reads', name: 'api’s CPU, GET of one message' },
      { program: 'api', samples: of(point) },
      { to: 'the HTTP floor’s CPU', program: 'floor', samples: of(floor), atMost: POINT_OVER_FLOOR_MAX },
    ),
    ...[row(floorPage), row(rawPage), row(page, rawPage)],
    cpu('api’s CPU, a page of 50', 'api', page, { atMost: API_PAGE_US_MAX }),
    cpu('MySQL’s CPU, a page of 50', 'mysql', page, { atMost: MYSQL_PAGE_US_MAX }),
    ...[row(start), row(end, start, END_SHARE)],
  ];
}

/** Returns reads of the messages below `tokens`' first chats, each at a number from `first` to `last`. */
function targets(tokens: readonly string[], first: number, last: number, place: (number: number) => string): Target[] {
  const random = randomFrom(17);
  return Array.from({ length: PLACES }, (_, index) => {
    const chat = `/api/applications/${tokens[index % tokens.length]}/chats/1`;
    const number = first + Math.floor(random() * (last - first + 1));
    return { method: 'GET', path: `${chat}/messages${place(number)}` };
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
