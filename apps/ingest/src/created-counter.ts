import { Tally } from '@parley/runtime';
import type { Registry } from 'prom-client';

/** Makes a function that counts acknowledged creates, by kind. */
export function createdCounter(registry: Registry) {
  const total = new Tally({
    name: 'parley_created_total',
    help: 'Applications, chats and messages that were acknowledged',
    registry,
  });
  const of = {
    application: total.series({ kind: 'application' }),
    chat: total.series({ kind: 'chat' }),
    message: total.series({ kind: 'message' }),
  };
  return (kind: keyof typeof of, count: number) => of[kind](count);
}
