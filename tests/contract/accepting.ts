import type { EventLog, Numbering, Store, Token } from '@parley/domain';
import { Acceptance, CounterSeeds, systemClock } from '@parley/protocol';

export interface CreateParts {
  readonly numbering: Numbering;
  readonly log: Pick<EventLog, 'publish' | 'refusal' | 'fence'>;
  readonly store: Pick<Store, 'highest' | 'keyedCreate'>;
}

/** Makes an Acceptance on these drivers: it accepts creates as apps/ingest does. */
export function accepting({ numbering, log, store }: CreateParts): Acceptance {
  const parts = { numbering, log, store, clock: systemClock, logger: { debug() {}, warn() {} } };
  return new Acceptance({ ...parts, seeds: new CounterSeeds(parts) });
}

/** Creates an application with one chat and returns its token. */
export async function createChat(acceptance: Acceptance): Promise<Token> {
  const token = await acceptance.application('An app');
  await acceptance.chat(token, 'A chat');
  return token;
}
