import type { EventLog, Numbering, Store, Token } from '@parley/domain';
import { CounterSeeds, Pacing, systemClock } from '@parley/protocol';
import { Accepting } from '@parley/protocol/testing';

export interface CreateParts {
  readonly numbering: Numbering;
  readonly log: Pick<EventLog, 'publish' | 'refusal' | 'fence'>;
  readonly store: Pick<Store, 'highest' | 'keyedCreate'>;
}

/** Makes an acceptance on these drivers: it accepts creates as apps/ingest does. */
export function accepting({ numbering, log, store }: CreateParts): Accepting {
  const parts = { numbering, log, store, clock: systemClock, logger: { debug() {}, warn() {} } };
  const pacing = new Pacing({ partitions: 1, clock: systemClock, after: (ms, run) => setTimeout(run, ms) });
  return new Accepting({ ...parts, pacing, seeds: new CounterSeeds(parts) });
}

/** Creates an application with one chat and returns its token. */
export async function createChat(acceptance: Accepting): Promise<Token> {
  const token = await acceptance.application('An app');
  await acceptance.chat(token, 'A chat');
  return token;
}
