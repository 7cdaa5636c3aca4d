import { describe, expect, test } from 'bun:test';
import { type DrawAnswer, type DrawTaker, NUMBER_MAX, newToken, type Sequence, Unavailable } from '@parley/domain';
import { thrownApart, until } from '@parley/testing';
import type { Redis } from 'ioredis';
import type { Epochs } from './epochs.ts';
import { Keys } from './keys.ts';
import { KeyedDraw } from './round-operations.ts';
import { PartitionRounds } from './rounds.ts';

const AT = 1_700_000_000_000;
const MISSING = -1;
const UNSURE = -2;
const NOT_OPEN = 'the script refused the epoch';
const KEY = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
const failed = expect.any(Unavailable);

/** Rounds whose script replies as a test says. */
class World {
  /** The script's replies to the operations of each round, in order. */
  reply: () => Promise<unknown> = async () => NOT_OPEN;
  epoch: number | undefined = 1;
  readonly #client = {
    parleyRound: async () => {
      const replies = await this.reply();
      return Array.isArray(replies) ? [AT, ...replies] : replies;
    },
  };
  readonly #epochs = { current: () => this.epoch, refused: async () => {} };
  readonly #rounds = new PartitionRounds(
    this.#client as unknown as Redis,
    this.#epochs as unknown as Epochs,
    new Keys(1, 'test:'),
    0,
  );
  readonly #sequence: Sequence = { kind: 'messages', token: newToken(), chat: 1 };
  /** What each draw's taker was told, in order. */
  readonly told: (DrawAnswer | Error)[][] = [];

  /**
   * Draws twice without an idempotency key, then with one, then without one again: three operations. The takers in
   * `throwing` throw after they noted what they are told.
   */
  draw(throwing: readonly number[] = []): void {
    const takers = [0, 1, 2, 3].map((index) => this.#taker(throwing.includes(index) ? `taker ${index}` : undefined));
    const request = { sequence: this.#sequence, count: 1 };
    for (const [index, taker] of takers.entries()) {
      if (index === 2) this.#rounds.add(new KeyedDraw(request, KEY, taker), this.#sequence);
      else this.#rounds.draw(request, taker);
    }
  }

  drawOften(times: number): void {
    for (let time = 0; time < times; time += 1)
      this.#rounds.draw({ sequence: this.#sequence, count: 1 }, this.#taker());
  }

  #taker(throws?: string): DrawTaker {
    const told: (DrawAnswer | Error)[] = [];
    this.told.push(told);
    const note = (answer: DrawAnswer | Error) => {
      told.push(answer);
      if (throws !== undefined) throw new Error(throws);
    };
    return { drawAnswered: note, drawFailed: note };
  }

  async allTold(): Promise<void> {
    await until('all takers are told', () => this.told.every((told) => told.length > 0));
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('each taker of a round is told once', () => {
  const drawn = (first: number) => [expect.objectContaining({ status: 'drawn', first, epoch: 1, at: AT })];
  const missing = [{ status: 'missing', epoch: 1 }];
  const unsure = [{ status: 'unsure', epoch: 1 }];
  const ends: Record<string, { reply?: () => Promise<unknown>; epoch?: undefined; told: unknown[][] }> = {
    'that it has its numbers': {
      reply: async () => [2, 3, 4],
      told: [drawn(1), drawn(2), drawn(3), drawn(4)],
    },
    'that the counter is missing or the key is unknown': {
      reply: async () => [MISSING, UNSURE, MISSING],
      told: [missing, missing, unsure, missing],
    },
    'that the list has no numbers left': {
      reply: async () => [NUMBER_MAX + 1, NUMBER_MAX + 2, NUMBER_MAX + 3],
      told: [drawn(NUMBER_MAX), [failed], [failed], [failed]],
    },
    'that the server failed': { reply: () => Promise.reject(new Error('away')), told: Array(4).fill([failed]) },
    'that the server does not answer': { reply: () => new Promise(() => {}), told: Array(4).fill([failed]) },
    'that the epoch was refused twice': { reply: async () => NOT_OPEN, told: Array(4).fill([failed]) },
    'that no epoch is open': { epoch: undefined, told: Array(4).fill([failed]) },
  };
  for (const [what, { told, reply, ...epoch }] of Object.entries(ends)) {
    test(`${what}, also if others throw, and the next round is served`, async () => {
      const world = new World();
      if (reply !== undefined) world.reply = reply;
      if ('epoch' in epoch) world.epoch = undefined;
      const thrown = await thrownApart(async () => {
        world.draw([0, 2]);
        await world.allTold();
      });
      expect(world.told).toEqual(told as DrawAnswer[][]);
      expect(thrown.map(String)).toEqual(['Error: taker 0', 'Error: taker 2']);
      world.reply = async () => [2, 3, 4];
      world.epoch = 1;
      world.draw();
      await world.allTold();
      expect(world.told.slice(4)).toEqual([drawn(1), drawn(2), drawn(3), drawn(4)] as never);
    });
  }

  test('that too many requests wait', async () => {
    const world = new World();
    world.reply = async () => [20_000];
    world.drawOften(20_000);
    world.draw();
    expect(world.told.slice(20_000)).toEqual(Array(4).fill([failed]));
    await world.allTold();
    expect(world.told.every(({ length }) => length === 1)).toBe(true);
    expect(
      world.told
        .slice(0, 20_000)
        .flat()
        .every((answer) => 'status' in answer && answer.status === 'drawn'),
    ).toBe(true);
  });
});
