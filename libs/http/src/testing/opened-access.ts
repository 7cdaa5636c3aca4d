import type { ApplicationLimits, Caller } from '@parley/domain';
import { createLogger, createRegistry } from '@parley/runtime';
import { Access } from '../access/access.ts';
import { OPERATIONS, type OperationId } from '../contract/operations.ts';
import type { PathParams } from '../routes.ts';
import { HintMemory, KeyMemory } from './key-memory.ts';
import { ManualClock } from './manual-clock.ts';

export const OWN = '6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a';
export const OTHER = '0b8f4a2e-5d3c-4b6a-9f1e-2c7d8e9f0a1b';
export const ADMIN_KEY = 'the operator’s key of at least 32 characters'.replaceAll(/[ ’]/g, '-');

interface Options {
  readonly keyed?: boolean;
  readonly adminKeys?: readonly string[];
  readonly defaults?: ApplicationLimits;
  readonly clock?: ManualClock;
  readonly keys?: KeyMemory;
}

/** Access with a clock, store and hints for tests, started. */
export async function openedAccess(options: Options = {}) {
  const { keyed = true, adminKeys = [], defaults = {}, clock = new ManualClock() } = options;
  const keys = options.keys ?? new KeyMemory(clock);
  if (options.keys === undefined) keys.keyed = keyed;
  const hints = new HintMemory();
  const registry = createRegistry('test');
  const logger = createLogger('test', 'silent');
  const access = new Access({ keys, hints, adminKeys, defaults, logger, registry, clock });
  await access.start();
  const ask = (id: OperationId, authorization?: string, params: PathParams = { token: OWN, number: '1' }) => {
    const headers = authorization === undefined ? {} : { authorization };
    return access.admission(OPERATIONS[id])(new Request('http://localhost', { headers }), params);
  };
  /** The outcome, after the time in which an unknown key is looked up. */
  const tried = async (...asked: Parameters<typeof ask>): Promise<string> => {
    const ended = outcome(() => ask(...asked));
    await clock.advance(200);
    return ended;
  };
  return { access, keys, hints, clock, registry, ask, tried };
}

type Ask = Awaited<ReturnType<typeof openedAccess>>['ask'];

/** What an admission ends in: the kind of caller, or the name of the error. */
export async function outcome(ask: () => ReturnType<Ask>): Promise<string> {
  try {
    const caller: Caller = await ask();
    return caller.kind;
  } catch (error) {
    return (error as Error).name;
  }
}
