import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { TOKEN_PATTERN } from './identifiers.ts';
import { BATCH_MESSAGES_MAX, NUMBER_MAX } from './limits.ts';
import { ChatName, Content, Name } from './schemas.ts';

/**
 * What was accepted, on its way to the store. One create request is one event, a batch create too: its messages have
 * consecutive numbers and are stored all or none. The event's id is stored beside each of its rows, so an event that
 * is delivered again is recognised, and a number taken by another event is a collision.
 */
const common = {
  /** 32 hexadecimal digits: eight of the epoch, the others random. */
  id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  /** The epoch of the numbering in which the number was drawn, from 1. */
  epoch: Type.Integer({ minimum: 1 }),
  /** When the number was drawn: milliseconds since 1970, UTC. Becomes the row's `created_at`. */
  at: Type.Integer({ minimum: 0 }),
  token: Type.String({ pattern: TOKEN_PATTERN }),
  /** Given where the client sent an Idempotency-Key: SHA-256 of the key and of the body, in hexadecimal. */
  key: Type.Optional(
    Type.Object(
      { hash: Type.String({ pattern: '^[0-9a-f]{64}$' }), body: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
      { additionalProperties: false },
    ),
  ),
};
const number = Type.Integer({ minimum: 1, maximum: NUMBER_MAX });

const ApplicationCreatedSchema = Type.Object(
  { type: Type.Literal('application'), ...common, name: Name },
  { additionalProperties: false },
);
const ChatCreatedSchema = Type.Object(
  { type: Type.Literal('chat'), ...common, number, name: ChatName },
  { additionalProperties: false },
);
const MessagesCreatedSchema = Type.Object(
  {
    type: Type.Literal('messages'),
    ...common,
    chat: number,
    /** The number of the first; the others follow without a gap. */
    first: number,
    contents: Type.Array(Content, { minItems: 1, maxItems: BATCH_MESSAGES_MAX }),
  },
  { additionalProperties: false },
);
export const EventSchema = Type.Union([ApplicationCreatedSchema, ChatCreatedSchema, MessagesCreatedSchema]);

export type ApplicationCreated = Static<typeof ApplicationCreatedSchema>;
export type ChatCreated = Static<typeof ChatCreatedSchema>;
export type MessagesCreated = Static<typeof MessagesCreatedSchema>;
export type Event = ApplicationCreated | ChatCreated | MessagesCreated;

/** A client's idempotency key as the system keeps it: SHA-256, in hexadecimal, of the key and of the body. */
export interface IdempotencyKey {
  readonly hash: string;
  readonly body: string;
}

const compiledEvent = Compile(EventSchema);

/** Whether `value` is an event of this version, and where not: the first thing that is wrong with it. */
export function checkEvent(value: unknown): { event: Event } | { problem: string } {
  if (compiledEvent.Check(value)) return { event: value };
  const first = compiledEvent.Errors(value)[0];
  return { problem: first === undefined ? 'not an event' : `${first.instancePath || '/'} ${first.message}` };
}

/** A new event id. It begins with the epoch, so that a stored row tells when its number was drawn. */
export function newEventId(epoch = 1): string {
  return epoch.toString(16).padStart(8, '0') + crypto.randomUUID().replaceAll('-', '').slice(8);
}

export function epochOfEventId(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16);
}

/** How many rows of the store an event becomes. */
export function rowsOf(event: Event): number {
  return event.type === 'messages' ? event.contents.length : 1;
}

/** About how many bytes an event takes in an envelope, in time that does not depend on the texts' lengths. */
export function approximateBytes(event: Event): number {
  const overhead = event.key === undefined ? 200 : 360;
  if (event.type !== 'messages') return overhead + event.name.length * 3;
  let bytes = overhead;
  for (const content of event.contents) bytes += 4 + content.length * 3;
  return bytes;
}
