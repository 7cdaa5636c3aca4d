import {
  type Event,
  type EventLog,
  IdempotencyConflict,
  type IdempotencyKey,
  type Numbering,
  type Sequence,
  type Store,
  type Token,
  Unavailable,
} from '@parley/domain';
import { applicationCreated, chatCreated } from './events.ts';

/** What a create needs of the drivers. */
export interface CreateParts {
  readonly numbering: Numbering;
  readonly log: EventLog;
  readonly store: Store;
}

const FENCE_MS = 5_000;

/** Creates an application with one chat as ingest does, and answers its token. */
export async function createChat({ numbering, log }: CreateParts): Promise<Token> {
  const application = applicationCreated();
  const { token } = application;
  await log.publish(application);
  await log.publish(chatCreated(token));
  await numbering.seed({ kind: 'chats', token }, { number: 1 });
  await numbering.seed({ kind: 'messages', token, chat: 1 }, { number: 0 });
  return token;
}

/**
 * Creates messages as ingest does: draws, looks in the store where there is no counter, publishes. Answers the first
 * number; rejects where the create is refused.
 */
export async function createMessages(
  parts: CreateParts,
  { token, chat = 1, contents, key }: { token: Token; chat?: number; contents: string[]; key?: IdempotencyKey },
): Promise<number> {
  const { numbering, log, store } = parts;
  const sequence: Sequence = { kind: 'messages', token, chat };
  const draw = () => numbering.draw({ sequence, count: contents.length, key });
  let answer = await draw();
  if (answer.status === 'missing') {
    await log.fence(token, FENCE_MS);
    await numbering.seed(sequence, (await store.highest(sequence)) ?? { number: 0 });
    answer = await draw();
  }
  if (answer.status === 'conflict') throw new IdempotencyConflict();
  if (answer.status === 'missing' || answer.status === 'unsure')
    throw new Unavailable('numbers', 'The counter went as soon as it came.');
  const { first, eventId: id, epoch, at } = answer;
  if (answer.status === 'repeated' && answer.confirmed) return first;
  const event: Event = { type: 'messages', id, epoch, at, token, chat, first, contents, ...(key && { key }) };
  await log.publish(event);
  return first;
}
