/**
 * A steady load: creates at fixed times, whatever happens to earlier ones, up to a limit of requests in flight. Creates
 * with an idempotency key are sent again until acknowledged; all others are sent once.
 */
import { partitionOf } from '@parley/domain';
import { until } from '@parley/testing';
import type { Client } from './client.ts';
import { Mortals } from './mortals.ts';
import type { Random } from './random.ts';
import { type Attempt, acknowledgement, type Create, type Place, type Recording } from './record.ts';
import { RevokedKeys } from './revoked.ts';

export interface LoadOptions {
  readonly createsPerSecond: number;
  readonly partitions: number;
}

const TICK_MS = 10;
const IN_FLIGHT_MAX = 128;
/** How many chats are made first in each partition. */
const CHATS_EACH = 3;
/** How many creates may be in retry: more would be a large extra load when the fault is healed. */
const RETRYING_MAX = 100;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 2_000;
/** How long creates are retried after the load has ended. */
const GIVE_UP_AFTER_MS = 60_000;
const STORED_WITHIN_MS = 60_000;
const SHARES = { mortal: 0.15, hot: 0.25, batch: 0.06, chat: 0.01, application: 0.003, keyed: 0.12, repeat: 0.1 };
/** A batch of 1 MB. The worker sends its rows to MySQL in two packets, the COMMIT in the second. */
const LARGE = { texts: 100, length: 9_900 };
const FOLLOW = { update: 0.02, read: 0.04 };
/** Ends of texts, with accents, emoji and other scripts, so that wrong bytes are found. */
const FILLERS = ['', 'plain words', 'crème brûlée', 'grüße 👋🏽', '日本語のテスト', 'حبر', 'a\tb\nc', '  spaces  '];

export interface Chat {
  readonly token: string;
  readonly chat: number;
}

export class Load {
  readonly #chats: Chat[] = [];
  readonly #tokens: string[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #uncertain = new Set<string>();
  readonly mortals: Mortals;
  /** In a system with keys. */
  readonly revoked: RevokedKeys | undefined;
  /** When the steady load began, after the system had become healthy. */
  startedAt: number | undefined;
  #retrying = 0;
  #serial = 0;
  #timer: Timer | undefined;
  #stoppedAt = Number.POSITIVE_INFINITY;

  constructor(
    readonly client: Client,
    readonly recording: Recording,
    readonly random: Random,
    readonly options: LoadOptions,
    /** Each text of this load begins with this name, so that two loads have no text in common. */
    readonly name: string,
  ) {
    this.revoked = client.credentials && new RevokedKeys(client.url, client.credentials, recording.honoured);
    this.mortals = new Mortals({
      ...{ client, recording, random },
      send: (kind, owner, texts, keyed) => this.#send(kind, owner, texts, keyed, true),
      text: () => this.#text(),
      goesOn: () => performance.now() < this.#stoppedAt + GIVE_UP_AFTER_MS,
    });
  }

  get tokens(): readonly string[] {
    return this.#tokens;
  }

  /** The busiest chat. Throws if there is none yet. */
  get hot(): Chat {
    const [hot] = this.#chats;
    if (hot === undefined) throw new Error('the load has no chat yet');
    return hot;
  }

  /**
   * Creates an application with chats in every partition. The creates have keys, so they are retried until the system
   * has recovered from the last fault.
   */
  async prepare(): Promise<void> {
    const partitions = new Map<number, string>();
    while (partitions.size < this.options.partitions) {
      const create = await this.#send('application', { token: '', chat: 0 }, [this.#text()], true);
      const token = acknowledgement(create)?.token ?? '';
      partitions.set(partitionOf(token, this.options.partitions), token);
    }
    for (const token of partitions.values()) {
      await this.client.credentials?.prepare(token);
      for (let index = 0; index < CHATS_EACH; index += 1)
        await this.#send('chat', { token, chat: 0 }, [this.#text()], true);
    }
    await this.mortals.prepare();
    await this.revoked?.prepare();
  }

  start(): void {
    this.startedAt ??= Date.now();
    this.revoked?.start();
    this.#stoppedAt = Number.POSITIVE_INFINITY;
    const started = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      const now = ((performance.now() - started) / 1_000) * this.options.createsPerSecond;
      // Creates that are due while too many are in flight are never sent: sent later, they would be a burst.
      for (; due < now; due += 1) if (this.#inFlight.size < IN_FLIGHT_MAX) this.#begin(this.#oneCreate());
    }, TICK_MS);
  }

  /**
   * Sends no new creates until `start`. Resolves when all are answered, and those with a key acknowledged or given up.
   */
  async pause(): Promise<void> {
    clearInterval(this.#timer);
    this.#stoppedAt = performance.now();
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
    await this.revoked?.stop();
  }

  /** Sends no new creates, and retries none. */
  abandon(): void {
    clearInterval(this.#timer);
    this.revoked?.abandon();
    this.#stoppedAt = Number.NEGATIVE_INFINITY;
  }

  /** Sends a batch of 1 MB at once, beside the steady load. It is checked like all other creates. */
  large(): void {
    const texts = Array.from({ length: LARGE.texts }, () => this.#text().padEnd(LARGE.length, ' filled'));
    const send = async () => {
      await this.#send('batch', this.random.pick(this.#chats), texts, false);
    };
    this.#begin(send());
  }

  /** Waits until a message can be read. */
  stored(place: Place): Promise<void> {
    const isThere = async () => (await this.client.read(place)).status === 200;
    return until(`${place.token}:${place.chat}:${place.number} is stored`, isThere, STORED_WITHIN_MS);
  }

  /** A text of a message that is published past the API. It must not be found once its chat is deleted. */
  textOf(chat: Chat): string {
    const text = this.#text();
    this.recording.creates.push({ kind: 'message', ...chat, texts: [text], attempts: [] });
    return text;
  }

  #begin(work: Promise<void>): void {
    const tracked = work.finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
  }

  async #oneCreate(): Promise<void> {
    const { random } = this;
    if (random.chance(SHARES.mortal)) return this.mortals.step();
    const kind = this.#kind();
    const hot = this.#chats[0];
    const target = hot !== undefined && random.chance(SHARES.hot) ? hot : random.pick(this.#chats);
    const count = kind === 'batch' ? random.integer(5, 20) : 1;
    const keyed = random.chance(SHARES.keyed) && this.#retrying < RETRYING_MAX;
    const owner = kind === 'application' ? { token: '', chat: 0 } : kind === 'chat' ? { ...target, chat: 0 } : target;
    const texts = Array.from({ length: count }, () => this.#text());
    const create = await this.#send(kind, owner, texts, keyed);
    const first = acknowledgement(create)?.first;
    if (first === undefined || kind === 'application' || kind === 'chat') return;
    const place = { ...target, number: first };
    if (random.chance(FOLLOW.read)) this.#begin(this.#read(place));
    if (random.chance(FOLLOW.update)) this.#begin(this.#update(place, create.texts[0] ?? ''));
  }

  #kind(): Create['kind'] {
    const drawn = this.random.next();
    if (drawn < SHARES.application) return 'application';
    if (drawn < SHARES.application + SHARES.chat) return 'chat';
    if (drawn < SHARES.application + SHARES.chat + SHARES.batch) return 'batch';
    return 'message';
  }

  /** `mortal`: what is created may be deleted, so the rest of the load does not use it. */
  async #send(
    kind: Create['kind'],
    owner: Chat,
    texts: readonly string[],
    keyed: boolean,
    mortal = false,
  ): Promise<Create> {
    const key = keyed ? `key-of-${texts[0]?.split(' ')[0]}-${crypto.randomUUID()}` : undefined;
    const create: Create = { kind, ...owner, texts, signed: mortal, ...(key !== undefined && { key }), attempts: [] };
    this.recording.creates.push(create);
    const attempt = await this.#attempt(create);
    if (attempt.outcome !== 'acknowledged' && attempt.outcome !== 'gone' && keyed) await this.#retry(create);
    const acknowledged = acknowledgement(create);
    if (acknowledged === undefined) return create;
    // Some acknowledged creates with a key are repeated: the answer must be the same.
    if (keyed && this.random.chance(SHARES.repeat)) await this.#attempt(create);
    if (mortal) return create;
    if (kind === 'application' && acknowledged.token !== undefined) this.#tokens.push(acknowledged.token);
    if (kind === 'chat') this.#chats.push({ token: owner.token, chat: acknowledged.first ?? 0 });
    return create;
  }

  async #attempt(create: Create): Promise<Attempt> {
    const answer = await this.client.create(create);
    const isGone = answer.status === 404 && this.recording.removalsAbove({ ...create, number: 0 }).length > 0;
    const attempt: Attempt = isGone ? { ...answer, outcome: 'gone' } : answer;
    this.recording.answered(create, attempt);
    return attempt;
  }

  async #retry(create: Create): Promise<void> {
    this.#retrying += 1;
    for (let waitMs = RETRY_MIN_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      await Bun.sleep(waitMs * (0.5 + this.random.next()));
      const attempt = await this.#attempt(create);
      if (
        attempt.outcome === 'acknowledged' ||
        attempt.outcome === 'gone' ||
        performance.now() > this.#stoppedAt + GIVE_UP_AFTER_MS
      )
        break;
    }
    this.#retrying -= 1;
  }

  async #read(place: Place): Promise<void> {
    this.recording.reads.push(await this.client.read(place));
  }

  /**
   * Updates a message, one update at a time. No update follows one with an unknown outcome: that one may take effect
   * after the next, and the checker could not know which text the message must hold.
   */
  async #update(place: Place, text: string): Promise<void> {
    const name = `${place.token}:${place.chat}:${place.number}`;
    if (this.#uncertain.has(name)) return;
    this.#uncertain.add(name);
    const update = await this.client.update(place, `${text.split(' ', 1)[0]} updated ${this.random.pick(FILLERS)}`);
    this.recording.updates.push(update);
    if (update.status === 200) this.#uncertain.delete(name);
  }

  /** A text with a unique first word, by which the search finds it. */
  #text(): string {
    this.#serial += 1;
    // All first words have one length, so none is a part of another: a search for one would find both.
    return `${this.name}x${this.#serial.toString(36).padStart(6, '0')}z of the load ${this.random.pick(FILLERS)}`;
  }
}
