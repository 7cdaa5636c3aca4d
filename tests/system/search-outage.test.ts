/**
 * Under a light load Elasticsearch is killed while a worker indexes, and started again. PARLEY_URL and MYSQL_URL name
 * the system: that of bin/test-stack.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Connection } from 'mysql2/promise';
import type { Client } from '../support/client.ts';
import { connect, connectMysql, program, stack } from '../support/test-stack.ts';

const CHATS = 4;
const PAUSE_MS = 40;
/** How many messages each chat gets: before Elasticsearch is frozen, while it is frozen, and after its restart. */
const CREATED_BEFORE = 60;
const CREATED_FROZEN = 20;
const CREATED_AFTER = 60;
/**
 * After this many creates the message CHANGED_BEHIND numbers back is changed. It may be in the index already, or not.
 */
const CHANGED_EVERY = 3;
const CHANGED_BEHIND = 5;
const FOUND_WITHIN_MS = 120_000;

let client: Client;
let mysql: Connection;
beforeAll(async () => {
  client = await connect();
  mysql = await connectMysql();
});
afterAll(() => mysql.end());

/** The indices that the workers write to, and their creation times. */
async function indices(): Promise<unknown> {
  const [rows] = await mysql.query('SELECT name, created_at FROM search_indices');
  return rows;
}

/** Creates and changes messages of one chat, and records the acknowledged text of each number. */
class Load {
  readonly kept = new Map<number, string>();
  readonly changed = new Map<number, string>();
  /** Texts that may or may not be stored, because their request failed. */
  readonly uncertain = new Set<string>();
  created = 0;

  constructor(readonly chat: string) {}

  async run(isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn += 1) {
      await this.#create(`kept k${turn}k`);
      const number = this.created - CHANGED_BEHIND;
      if (turn % CHANGED_EVERY === 0 && this.kept.has(number)) await this.#change(number, `changed c${turn}c`);
      await Bun.sleep(PAUSE_MS);
    }
  }

  async #create(text: string): Promise<void> {
    const { status, body } = await client.post(this.chat, { message_content: text });
    if (status !== 201) {
      this.uncertain.add(text);
      return;
    }
    this.kept.set(body.message_number, text);
    this.created = body.message_number;
  }

  async #change(number: number, text: string): Promise<void> {
    const { status } = await client.patch(`${this.chat}/messages/${number}`, { message_content: text });
    const former = this.kept.get(number)!;
    this.kept.delete(number);
    if (status === 200) this.changed.set(number, text);
    else for (const either of [former, text]) this.uncertain.add(either);
  }

  /** Returns all hits of a search by number, without the uncertain texts. */
  async found(word: string): Promise<Map<number, string>> {
    const hits = new Map<number, string>();
    for (let path: string | undefined = `${this.chat}/search?search_query=${word}&limit=200`; path !== undefined; ) {
      const { status, headers, body } = await client.get(path);
      if (status !== 200) throw new Error(`${path}: ${status}`);
      for (const { number, content } of body) if (!this.uncertain.has(content)) hits.set(number, content);
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    return hits;
  }
}

test('after Elasticsearch was killed while it indexed, search finds all acknowledged messages as they are now, and no others', async () => {
  const application = await client.application('Search outage');
  const chats = await Promise.all(
    Array.from({ length: CHATS }, (_, index) => client.chat(`Chat ${index}`, application)),
  );
  const loads = chats.map((chat) => new Load(chat));
  const created = () => Math.min(...loads.map((load) => load.created));
  let over = false;
  const working = Promise.all(loads.map((load) => load.run(() => over)));
  try {
    await until('messages are created', () => created() >= CREATED_BEFORE, 60_000);
    const found = async () => (await loads[0]!.found('kept')).size > 0;
    await until('the index works', found, 60_000);
    const before = await indices();
    const { pid } = await program('elasticsearch');
    // A frozen Elasticsearch accepts requests and does not answer. So requests are in flight when it is killed.
    process.kill(pid, 'SIGSTOP');
    const frozenAt = created();
    const waiting = until('the workers wait for answers', () => created() >= frozenAt + CREATED_FROZEN, 60_000);
    await waiting.finally(() => process.kill(pid, 'SIGKILL'));
    await stack('start', 'elasticsearch').catch(() => stack('start', 'elasticsearch')); // a second try if it is slow
    const enough = created() + CREATED_AFTER;
    await until('more messages are created', () => created() >= enough, 60_000);
    over = true;
    await working;
    // The workers must repeat the lost requests. If they rebuilt the index from the store, that would hide the loss.
    expect(await indices()).toEqual(before);
  } finally {
    over = true;
    await working;
    await stack('start', 'elasticsearch');
  }
  for (const load of loads) {
    expect(load.changed.size).toBeGreaterThan(CREATED_BEFORE / CHANGED_EVERY / 2);
    const sizes = { kept: load.kept.size, changed: load.changed.size };
    const all = async () =>
      (await load.found('kept')).size === sizes.kept && (await load.found('changed')).size === sizes.changed;
    await until('as many are found as there are', all, FOUND_WITHIN_MS).catch(() => {}); // then the checks below fail
    const sorted = (texts: ReadonlyMap<number, string>) => [...texts].sort(([a], [b]) => a - b);
    expect(sorted(await load.found('kept'))).toEqual(sorted(load.kept));
    expect(sorted(await load.found('changed'))).toEqual(sorted(load.changed));
  }
}, 600_000);
