/**
 * The limits of one application and what it uses of them in this process. Requests a second are counted by GCRA: `#full`
 * is the time at which the whole burst would be free again.
 */
import { type ApplicationLimits, LimitReached, type MessageRate, messageRate } from '@parley/domain';
import type { Clock } from './clock.ts';
import type { Quota } from './quota.ts';

const REQUEST_BURST_MIN = 10;
const BUSY_RETRY_MS = 1_000;

export class ApplicationQuota implements Quota {
  readonly rate: MessageRate | undefined;
  readonly #requests: MessageRate | undefined;
  readonly #createsMax: number;
  readonly #policy: string;
  #requestsFull = Number.NEGATIVE_INFINITY;
  #messagesFull = Number.NEGATIVE_INFINITY;
  #creates = 0;

  constructor(
    readonly limits: ApplicationLimits,
    private readonly clock: Clock,
  ) {
    const { messagesPerSecond: messages, requestsPerSecond: requests, createsInFlight } = limits;
    this.rate = messages === undefined ? undefined : messageRate(messages);
    this.#requests =
      requests === undefined ? undefined : { perSecond: requests, burst: Math.max(requests, REQUEST_BURST_MIN) };
    this.#createsMax = createsInFlight ?? Number.POSITIVE_INFINITY;
    this.#policy = [
      ...(this.rate === undefined ? [] : [policy('messages', this.rate)]),
      ...(this.#requests === undefined ? [] : [policy('requests', this.#requests)]),
    ].join(', ');
  }

  /** Whether nothing is used now: then a new object would be the same. */
  get isAtRest(): boolean {
    const now = this.clock.elapsed();
    return this.#creates === 0 && this.#requestsFull <= now && this.#messagesFull <= now;
  }

  /** Counts a request. Throws LimitReached. */
  takeRequest(): void {
    if (this.#requests === undefined) return;
    const { perSecond, burst } = this.#requests;
    const now = this.clock.elapsed();
    const full = Math.max(this.#requestsFull, now) + 1_000 / perSecond;
    const over = full - now - (burst * 1_000) / perSecond;
    // A sum of many small parts may be above its exact value by very little.
    if (over > 1e-6) throw new LimitReached('requestsPerSecond', over);
    this.#requestsFull = full;
  }

  /** Counts a create until `endCreate`. Throws LimitReached. */
  beginCreate(): void {
    if (this.#creates >= this.#createsMax) throw new LimitReached('createsInFlight', BUSY_RETRY_MS);
    this.#creates += 1;
  }

  endCreate(): void {
    this.#creates -= 1;
  }

  noteMessages(remaining: number): void {
    if (this.rate === undefined) return;
    const { perSecond, burst } = this.rate;
    this.#messagesFull = this.clock.elapsed() + ((burst - remaining) * 1_000) / perSecond;
  }

  /** Notes for the headers what a refused request tells: none of the messages fits. */
  noteRefusal(error: unknown): void {
    if (error instanceof LimitReached && error.limit === 'messagesPerSecond') this.noteMessages(0);
  }

  /** Puts the headers RateLimit-Policy and RateLimit (IETF draft) on an answer. */
  mark(headers: Headers): void {
    if (this.#policy === '') return;
    const now = this.clock.elapsed();
    const parts: string[] = [];
    if (this.rate !== undefined) parts.push(item('messages', this.rate, this.#messagesFull - now));
    if (this.#requests !== undefined) parts.push(item('requests', this.#requests, this.#requestsFull - now));
    headers.set('ratelimit-policy', this.#policy);
    headers.set('ratelimit', parts.join(', '));
  }
}

/** The burst and the seconds in which all of it becomes free again: so never more remains than the policy grants. */
function policy(name: string, { perSecond, burst }: MessageRate): string {
  return `"${name}";q=${burst};w=${Math.ceil(burst / perSecond)}`;
}

/** `fullInMs`: when the whole burst is free again. */
function item(name: string, { perSecond, burst }: MessageRate, fullInMs: number): string {
  const used = (Math.max(0, fullInMs) * perSecond) / 1_000;
  const remaining = Math.max(0, Math.floor(burst - used + 1e-6));
  return `"${name}";r=${remaining};t=${Math.max(1, Math.ceil(fullInMs / 1_000))}`;
}
