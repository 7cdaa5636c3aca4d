/** A real Prometheus monitors bin/test-stack and a standalone. Alerts must fire when a test breaks something. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { onChannel } from '@parley/rabbitmq/testing';
import { until } from '@parley/testing';
import { Client } from '../support/client.ts';
import { stack } from '../support/test-stack.ts';
import { isForeign, selectorsOf } from './expressions.ts';
import { panels, rules } from './files.ts';
import { openPrograms, type Programs } from './programs.ts';
import { Prometheus } from './prometheus.ts';
import { findPrometheus } from './promtool.ts';

const programs = await findPrometheus();
const START_MS = 60_000;
const RING_MS = 60_000;
/** For `$__rate_interval` in the dashboard's queries: a few scrapes, like the value that Grafana fills in. */
const RATE_INTERVAL = '20s';
/** Panels whose values may be NaN in this test, because workers flush the counts only once a minute. */
const SELDOM = ['Counter flush'];

const queries = panels().flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, query: expr.replaceAll('$__rate_interval', RATE_INTERVAL) })),
);

describe.skipIf(programs === undefined)('a real Prometheus', () => {
  let running: Programs;
  let prometheus: Prometheus;
  let load: Load;
  beforeAll(async () => {
    running = await openPrograms();
    prometheus = await Prometheus.start(programs!, running.targets);
    load = await Load.start([running.url, running.standalone.url]);
  }, START_MS);
  afterAll(async () => {
    await load.stop();
    await prometheus.stop();
    await running.stop();
  }, START_MS);

  const rings = async (alert: string, labels: Record<string, string> = {}) =>
    (await prometheus.ringing()).some(
      (found) => found.alertname === alert && Object.entries(labels).every(([name, value]) => found[name] === value),
    );

  test('reaches all targets and evaluates each rule without an error', async () => {
    const instances = Object.values(running.targets).flat().length;
    await until('all are up', async () => (await prometheus.query('up == 1')).length === instances);
    const names = rules().map(({ alert }) => alert);
    const evaluated = async () => (await prometheus.rules()).filter(({ health }) => health !== 'unknown');
    await until('all rules were evaluated', async () => (await evaluated()).length === names.length);
    const all = await prometheus.rules();
    expect(all.map(({ name }) => name).sort()).toEqual([...names].sort());
    for (const { name, health, lastError } of all) expect([name, health, lastError]).toEqual([name, 'ok', undefined]);
  });

  test('finds every series that a rule or a panel uses', async () => {
    const expressions = [...rules().map(({ expr }) => expr), ...queries.map(({ query }) => query)];
    const selectors = new Set(expressions.flatMap(selectorsOf).filter((selector) => !isForeign(selector)));
    expect(selectors.size).toBeGreaterThan(40);
    for (const selector of selectors) {
      await until(`there is ${selector}`, async () => (await prometheus.query(selector)).length > 0);
    }
  });

  test(
    'fires an alert for a message that is not an event',
    async () => {
      const waiting = async () => Number((await prometheus.query('max(parley_dead_letters_waiting)'))[0]?.value[1]);
      await until('the dead letters are counted', async () => (await waiting()) >= 0);
      const before = await waiting(); // earlier tests may have left dead letters
      expect(await rings('ParleyDeadLetters')).toBe(false);
      const garbage = `not an event: ${crypto.randomUUID()}`;
      await onChannel(async (channel) => {
        channel.sendToQueue('parley.events.0', Buffer.from(garbage), { persistent: true, type: 'events' });
        await channel.close();
      });
      const late = RING_MS;
      await until('it was put aside', () => rings('ParleyDeadLetters', { reason: 'malformed' }), late);
      await until('it waits', () => rings('ParleyDeadLettersWaiting'), late);
      await forget(garbage);
      await until('it waits no more', async () => (await waiting()) === before, late);
      const asBefore = async () => (await rings('ParleyDeadLettersWaiting')) === before > 0;
      await until('the alert has ended with it', asBefore, late);
    },
    3 * RING_MS,
  );

  test(
    'fires an alert while the event log is stopped, and only then',
    async () => {
      expect(await rings('ParleyPartitionsClosed')).toBe(false);
      await stack('stop', 'rabbitmq');
      try {
        const closed = () => rings('ParleyPartitionsClosed', { dependency: 'event log' });
        await until('the partitions are closed', closed, RING_MS);
        const notReady = () => rings('ParleyNotReady', { program: 'ingest', dependency: 'event log' });
        await until('the ingests are not ready', notReady, RING_MS);
        await until('creates are refused', () => rings('ParleyRefusing', { program: 'ingest' }), RING_MS);
        await until('RabbitMQ is gone', () => rings('ParleyProgramDown', { job: 'rabbitmq' }), RING_MS);
        expect(await rings('ParleyProgramDown', { job: 'ingest' })).toBe(false);
      } finally {
        await stack('start', 'rabbitmq');
      }
      for (const alert of ['ParleyPartitionsClosed', 'ParleyNotReady', 'ParleyProgramDown']) {
        await until(`${alert} has ended`, async () => !(await rings(alert)), RING_MS);
      }
    },
    4 * RING_MS,
  );

  test(
    'has data for each panel',
    async () => {
      for (const { title, query } of queries.filter(({ query }) => !isForeign(query))) {
        const isNumber = ({ value: [, value] }: { value: readonly [number, string] }) =>
          SELDOM.includes(title) || Number.isFinite(Number(value));
        await until(`${title}: ${query}`, async () => (await prometheus.query(query)).some(isNumber));
      }
    },
    2 * RING_MS,
  );
});

/** Removes the message with this content from the dead letters and leaves the others. */
async function forget(content: string): Promise<void> {
  await onChannel(async (channel) => {
    for (;;) {
      const letter = await channel.get('parley.dead-letters');
      if (letter === false) break;
      if (letter.content.toString() === content) channel.ack(letter);
    }
    await channel.close(); // messages that were not acked return to the queue
  });
}

/** Makes creates, lists and searches in a loop, whatever the answers are. */
class Load {
  #over = false;
  #working: Promise<unknown> = Promise.resolve();

  static async start(urls: readonly string[]): Promise<Load> {
    const load = new Load();
    const chats = await Promise.all(
      urls.map(async (url) => {
        const client = await Client.connect(url);
        return { client, chat: await client.chat('Watched') };
      }),
    );
    load.#working = Promise.all(chats.map(({ client, chat }) => load.#work(client, chat)));
    return load;
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#working;
  }

  async #work(client: Client, chat: string): Promise<void> {
    for (let turn = 0; !this.#over; turn += 1) {
      const calls = [
        () => client.post(chat, { message_content: `watched ${turn}` }),
        () => client.messages(chat, ['one', 'two', 'three']),
        () => client.get(`${chat}/messages`),
        () => client.get(`${chat}/search?search_query=watched`),
      ];
      for (const call of calls) await call().catch(() => {}); // a 503 is expected while a server is stopped
      await Bun.sleep(20);
    }
  }
}
