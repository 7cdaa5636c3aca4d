import { type Caller, Forbidden } from '@parley/domain';
import type { GivenMessage } from './extras.ts';

/**
 * A message as its sender may create it: a user's message has the user as its sender. Throws Forbidden if it names
 * another one, or a time: only servers import history. For all other callers it is the message itself.
 */
export function asSender<Given extends GivenMessage>(caller: Caller, message: Given): Given {
  if (caller.kind !== 'user') return message;
  const { sender_id, created_at } = message;
  if (created_at !== undefined) throw new Forbidden('A user token cannot set created_at.');
  if (sender_id === undefined) return { ...message, sender_id: caller.user };
  if (sender_id !== caller.user) throw new Forbidden('A user token creates messages of its own user only.');
  return message;
}
