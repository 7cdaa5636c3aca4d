import { describe, expect, test } from 'bun:test';
import { BATCH_MESSAGES_MAX, epochOfEventId, newToken } from '@parley/domain';
import { drawFrom } from '@parley/testing';
import { chatsOf, drawn, firstDrawn, messagesOf, type NumberingHarness } from './numbering.contract.ts';
import { opened } from './open-harness.ts';

export function numberingDrawsContract(name: string, open: () => Promise<NumberingHarness>): void {
  describe(`${name} numbering, draws`, () => {
    const harness = opened(open);

    test('a sequence that was never seeded is missing', async () => {
      const { numbering } = harness();
      for (const sequence of [chatsOf(), messagesOf()]) {
        const answer = await drawFrom(numbering, { sequence, count: 1 });
        expect(answer).toMatchObject({ status: 'missing' });
      }
    });

    test('drawing from a missing sequence does not create it', async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await drawFrom(numbering, { sequence, count: 5 });
      await numbering.seed(sequence, { number: 3 });
      expect(await firstDrawn(numbering, sequence)).toBe(4);
    });

    test('numbers start at 1 and are consecutive', async () => {
      const { numbering } = harness();
      for (const sequence of [chatsOf(), messagesOf()]) {
        await numbering.seed(sequence, { number: 0 });
        for (let number = 1; number <= 5; number += 1) expect(await firstDrawn(numbering, sequence)).toBe(number);
      }
    });

    test('numbers continue above the highest stored one', async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 9_000_000_000 });
      expect(await firstDrawn(numbering, sequence)).toBe(9_000_000_001);
    });

    test('a draw of several numbers gets consecutive ones', async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 0 });
      expect(await firstDrawn(numbering, sequence, 3)).toBe(1);
      expect(await firstDrawn(numbering, sequence, BATCH_MESSAGES_MAX)).toBe(4);
      expect(await firstDrawn(numbering, sequence)).toBe(1_004);
    });

    test("a draw returns the event's id, the epoch and the time", async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 0 });
      const before = Date.now();
      const answer = await drawn(numbering, sequence);
      expect(answer.first).toBe(1);
      expect(epochOfEventId(answer.eventId)).toBe(answer.epoch);
      expect(answer.epoch).toBeGreaterThanOrEqual(1);
      expect(Number.isInteger(answer.epoch) && Number.isInteger(answer.at)).toBe(true);
      // The draw's time may be that of another machine, whose clock differs a little.
      expect(Math.abs(answer.at - before)).toBeLessThan(60_000);
    });

    test('concurrent draws get each number once, without gaps, in the order of the calls', async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 0 });
      const counts = Array.from({ length: 1_000 }, (_, index) => 1 + ((index * 7) % 5));
      const firsts = await Promise.all(counts.map((count) => firstDrawn(numbering, sequence, count)));
      let next = 1;
      for (const [index, count] of counts.entries()) {
        expect(firsts[index]).toBe(next);
        next += count;
      }
      expect(await firstDrawn(numbering, sequence)).toBe(next);
    });

    test('concurrent draws of many sequences do not affect each other', async () => {
      const { numbering } = harness();
      const sequences = Array.from({ length: 40 }, () => messagesOf());
      await Promise.all(sequences.map((sequence, index) => numbering.seed(sequence, { number: index })));
      const rounds = Array.from({ length: 25 }, () => sequences).flat();
      const firsts = await Promise.all(rounds.map((sequence) => firstDrawn(numbering, sequence)));
      for (const [index] of sequences.entries()) {
        const own = firsts.filter((_, position) => position % sequences.length === index);
        expect(own).toEqual(Array.from({ length: 25 }, (_, round) => index + round + 1));
      }
    });

    test("an application's chats and the messages of its chats are numbered separately", async () => {
      const { numbering } = harness();
      const token = newToken();
      const sequences = [chatsOf(token), messagesOf(token, 1), messagesOf(token, 11), messagesOf(token, 111)];
      for (const [index, sequence] of sequences.entries()) await numbering.seed(sequence, { number: index * 10 });
      const firsts = [];
      for (const sequence of sequences) firsts.push(await firstDrawn(numbering, sequence));
      expect(firsts).toEqual([1, 11, 21, 31]);
    });

    test('seeding never changes a counter that exists', async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 5 });
      await numbering.seed(sequence, { number: 100 });
      expect(await firstDrawn(numbering, sequence)).toBe(6);
      await numbering.seed(sequence, { number: 0 });
      await numbering.seed(sequence, { number: 7_000 });
      expect(await firstDrawn(numbering, sequence)).toBe(7);
    });

    test('a counter exists after it was seeded with 0', async () => {
      const { numbering } = harness();
      const sequence = chatsOf();
      await numbering.seed(sequence, { number: 0 });
      await numbering.seed(sequence, { number: 50 });
      expect(await firstDrawn(numbering, sequence)).toBe(1);
    });

    test('concurrent seeds and draws give no number twice', async () => {
      const { numbering } = harness();
      const sequence = messagesOf();
      await numbering.seed(sequence, { number: 10 });
      const draws = Array.from({ length: 100 }, async (_, index) => {
        await numbering.seed(sequence, { number: index });
        return firstDrawn(numbering, sequence);
      });
      const firsts = (await Promise.all(draws)).sort((a, b) => a - b);
      expect(firsts).toEqual(Array.from({ length: 100 }, (_, index) => index + 11));
    });
  });
}
