import { describe, expect, test } from 'bun:test';
import { messageRate, newToken } from '@parley/domain';
import { MessageRates } from './message-rates.ts';

const RATE = { perSecond: 100, burst: 1_000 };

/** Rates whose clock stands still until `wait` moves it. */
function opened() {
  let now = 5_000;
  const rates = new MessageRates(() => now);
  const wait = (milliseconds: number) => {
    now += milliseconds;
  };
  return { rates, wait };
}

describe('the rate of messages', () => {
  test('lets a burst through, then as many as its rate allows, and tells what is left', () => {
    const { rates, wait } = opened();
    const token = newToken();
    expect(rates.take(token, 400, RATE)).toEqual({ fits: true, remaining: 600 });
    expect(rates.take(token, 600, RATE)).toEqual({ fits: true, remaining: 0 });
    expect(rates.take(token, 1, RATE)).toEqual({ fits: false, waitMs: expect.closeTo(10) });
    expect(rates.take(token, 250, RATE)).toEqual({ fits: false, waitMs: expect.closeTo(2_500) });
    wait(2_499);
    expect(rates.take(token, 250, RATE)).toEqual({ fits: false, waitMs: expect.closeTo(1) });
    wait(1);
    expect(rates.take(token, 250, RATE)).toEqual({ fits: true, remaining: 0 });
    wait(60_000);
    expect(rates.take(token, 1_000, RATE)).toEqual({ fits: true, remaining: 0 });
  });

  test('counts nothing that did not fit, and applications apart', () => {
    const { rates } = opened();
    const [token, other] = [newToken(), newToken()];
    rates.take(token, 900, RATE);
    for (let tries = 0; tries < 50; tries += 1) expect(rates.take(token, 200, RATE).fits).toBe(false);
    expect(rates.take(token, 100, RATE)).toEqual({ fits: true, remaining: 0 });
    expect(rates.take(other, 1_000, RATE)).toEqual({ fits: true, remaining: 0 });
  });

  test('that is raised frees what was used up at the new rate', () => {
    const { rates, wait } = opened();
    const token = newToken();
    expect(rates.take(token, 1_000, messageRate(1)).fits).toBe(true);
    expect(rates.take(token, 1, messageRate(1))).toEqual({ fits: false, waitMs: expect.closeTo(1_000) });
    expect(rates.take(token, 1, messageRate(1_000))).toEqual({ fits: false, waitMs: expect.closeTo(1) });
    wait(1_000);
    expect(rates.take(token, 1_000, messageRate(1_000)).fits).toBe(true);
  });

  test('fits after the time that it tells, and never more than the burst and what its rate adds', () => {
    for (const perSecond of [1, 3, 7, 999, 1_001, 123_457, 1_000_000_000]) {
      const { rates, wait } = opened();
      const token = newToken();
      const rate = messageRate(perSecond);
      let [taken, passed] = [0, 0];
      const pass = (milliseconds: number) => {
        wait(milliseconds);
        passed += milliseconds;
      };
      for (let step = 0; step < 500; step += 1) {
        const count = 1 + ((step * 7_919) % 1_000);
        const fit = rates.take(token, count, rate);
        if (!fit.fits) {
          pass(fit.waitMs * 0.999);
          expect(rates.take(token, count, rate).fits).toBe(false);
          pass(fit.waitMs * 0.001);
          expect(rates.take(token, count, rate).fits).toBe(true);
        }
        taken += count;
        expect(taken).toBeLessThanOrEqual(rate.burst + (passed * perSecond) / 1_000 + 0.01);
        pass((step * 31) % 3);
      }
    }
  });

  test('remembers only applications that created a short while ago', () => {
    const { rates, wait } = opened();
    for (let round = 0; round < 40; round += 1) {
      for (let application = 0; application < 500; application += 1) rates.take(newToken(), 10, RATE);
      wait(100);
      expect(rates.size).toBeLessThan(2_100);
    }
    const token = newToken();
    rates.take(token, 1_000, RATE);
    for (let application = 0; application < 5_000; application += 1) rates.take(newToken(), 1, RATE);
    expect(rates.take(token, 1, RATE).fits).toBe(false);
  });
});
