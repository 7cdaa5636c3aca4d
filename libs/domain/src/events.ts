/**
 * An event is an accepted create request on its way to the store. A batch create is one event too: its messages have
 * consecutive numbers, and all of them are stored or none. Each stored row also has the event's id. So the store
 * recognises an event that is delivered again, and notices if two events have the same number (a collision).
 */
import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { TOKEN_PATTERN } from './identifiers.ts';
import { BATCH_MESSAGES_MAX, NUMBER_MAX } from './limits.ts';
import { ChatName, Content, Id, MetadataText, Name } from './schemas.ts';

const common = {
  /** The event's id, 32 hexadecimal digits: the first eight are the epoch of its number, the others are random. */
  id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  /** The epoch of the numbers in which this event's number was drawn, from 1. */
  epoch: Type.Integer({ minimum: 1 }),
  /** When the event's number was drawn: milliseconds since 1970, UTC. Becomes the row's `created_at`. */
  at: Type.Integer({ minimum: 0 }),
  token: Type.String({ pattern: TOKEN_PATTERN }),
  /**
   * Present if the client sent an Idempotency-Key: SHA-256 of the key (`hash`) and of the request's body (`body`), in
   * hexadecimal.
   */
  key: Type.Optional(
    Type.Object(
      { hash: Type.String({ pattern: '^[0-9a-f]{64}$' }), body: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
      { additionalProperties: false },
    ),
  ),
};
const number = Type.Integer({ minimum: 1, maximum: NUMBER_MAX });
/** Fields since version 2. An event without them is the same as in version 1, so earlier programs can read it. */
const metadata = Type.Optional(MetadataText);

const ApplicationCreatedSchema = Type.Object(
  { type: Type.Literal('application'), ...common, name: Name, metadata },
  { additionalProperties: false },
);
const ChatCreatedSchema = Type.Object(
  { type: Type.Literal('chat'), ...common, number, name: ChatName, metadata },
  { additionalProperties: false },
);
/** What a message has besides its content. `createdAt`: milliseconds since 1970, for older messages that are moved in. */
const ExtrasSchema = Type.Object(
  { senderId: Type.Optional(Id), metadata, createdAt: Type.Optional(Type.Integer({ minimum: 0 })) },
  { additionalProperties: false },
);
const MessagesCreatedSchema = Type.Object(
  {
    type: Type.Literal('messages'),
    ...common,
    chat: number,
    /** The number of the first message. The others follow without a gap. */
    first: number,
    contents: Type.Array(Content, { minItems: 1, maxItems: BATCH_MESSAGES_MAX }),
    /** Absent if no message has any; else one for each message, in order. Since version 2. */
    extras: Type.Optional(Type.Array(ExtrasSchema, { minItems: 1, maxItems: BATCH_MESSAGES_MAX })),
  },
  { additionalProperties: false },
);
export const EventSchema = Type.Union([ApplicationCreatedSchema, ChatCreatedSchema, MessagesCreatedSchema]);

export type ApplicationCreated = Static<typeof ApplicationCreatedSchema>;
export type ChatCreated = Static<typeof ChatCreatedSchema>;
export type MessagesCreated = Static<typeof MessagesCreatedSchema>;
/** What a message has besides its content: see the schema. */
export type MessageExtras = Static<typeof ExtrasSchema>;
export type Event = ApplicationCreated | ChatCreated | MessagesCreated;

/**
 * A client's idempotency key as the system keeps it: SHA-256 of the key (`hash`) and of the request's body (`body`), in
 * hexadecimal.
 */
export interface IdempotencyKey {
  readonly hash: string;
  readonly body: string;
}

const compiledEvent = Compile(EventSchema);
const compiledByType = [
  ['application', Compile(ApplicationCreatedSchema)],
  ['chat', Compile(ChatCreatedSchema)],
  ['messages', Compile(MessagesCreatedSchema)],
] as const;

/**
 * The fields of every event in every version. An event that has them and others that this program does not know is a
 * later program's, and stays in the queue; an event without them is junk. So a new type or field needs no new envelope
 * version. A change to the form of an existing field needs one.
 */
const compiledHead = Compile(
  Type.Object({
    type: Type.String({ minLength: 1, maxLength: 64 }),
    id: common.id,
    epoch: common.epoch,
    at: common.at,
    token: common.token,
  }),
);
const FIELDS: Readonly<Record<string, Readonly<Record<string, TSchema>>>> = {
  application: ApplicationCreatedSchema.properties,
  chat: ChatCreatedSchema.properties,
  messages: MessagesCreatedSchema.properties,
};

/**
 * `unknown`: what in the value this program does not know; a later program may have written it. `problem`: why the
 * value is junk.
 */
export type CheckedEvent = { readonly event: Event } | { readonly unknown: string } | { readonly problem: string };

export type CheckEvent = (value: unknown) => CheckedEvent;

/** Checks that `value` is an event, and that this program knows its type and all its fields. Never throws. */
export function checkEvent(value: unknown): CheckedEvent {
  if (compiledEvent.Check(value)) {
    const extras = value.type === 'messages' ? value.extras : undefined;
    if (extras === undefined || extras.length === rowsOf(value)) return { event: value };
    return { problem: '/extras must have one for each of /contents' };
  }
  if (compiledHead.Check(value)) {
    const fields = Object.hasOwn(FIELDS, value.type) ? FIELDS[value.type] : undefined;
    if (fields === undefined) return { unknown: `event type ${quoted(value.type)}` };
    const field = unknownField(fields, value);
    if (field !== undefined) return { unknown: `field ${quoted(field)} of event type ${quoted(value.type)}` };
  }
  return { problem: problemOf(value) };
}

/** The first thing that is wrong with a value, by the schema of its type if that is known. */
function problemOf(value: unknown): string {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  const compiled = compiledByType.find(([name]) => name === type)?.[1] ?? compiledEvent;
  const first = compiled.Errors(value)[0];
  return first === undefined ? 'not an event' : `${first.instancePath || '/'} ${first.message}`;
}

const EVENT_VERSION = 2;
/** The optional fields of events by the version that brought them. */
const SINCE: Readonly<Record<string, number>> = { key: 1, metadata: 2, extras: 2 };

/**
 * FOR TESTS with programs of two versions: the check of a program of this version. Version 0 does not know idempotency
 * keys, version 1 neither metadata nor the extras of messages; version 2 is the present one.
 */
export function checkEventOfVersion(version = EVENT_VERSION): CheckEvent {
  if (version >= EVENT_VERSION) return checkEvent;
  return (value) => {
    const checked = checkEvent(value);
    if (!('event' in checked)) return checked;
    const newer = Object.keys(checked.event).find((name) => (SINCE[name] ?? 0) > version);
    if (newer === undefined) return checked;
    return { unknown: `field ${quoted(newer)} of event type ${quoted(checked.event.type)}` };
  };
}

/** The part of a schema that names the fields of an object, or of the objects in a list. */
interface Nested {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: { readonly properties?: Readonly<Record<string, TSchema>> };
}

/**
 * The path of the first field that is not in `fields`, also inside a field that is an object or a list of them;
 * undefined if there is none.
 */
function unknownField(fields: Readonly<Record<string, TSchema>>, value: object): string | undefined {
  for (const [name, inner] of Object.entries(value)) {
    if (!Object.hasOwn(fields, name)) return name;
    const { items, properties = items?.properties } = fields[name] as Nested;
    if (properties === undefined) continue;
    for (const item of Array.isArray(inner) ? inner : [inner]) {
      const found = typeof item === 'object' && item !== null ? unknownField(properties, item) : undefined;
      if (found !== undefined) return `${name}.${found}`;
    }
  }
  return undefined;
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}

/** Makes a new event id. It begins with the epoch, so a stored row shows in which epoch its number was drawn. */
export function newEventId(epoch = 1): string {
  return ids.next(epoch);
}

/** How many ids share their random bits: as many as 8 hex digits can count. */
const COUNT_MAX = 0xff_ff_ff_ff;

/**
 * Ids of one epoch count up behind 60 random bits, which are drawn anew for each epoch and process: no two processes
 * make the same id, and an id costs no random bits of its own. Partitions may be in different epochs, so each epoch
 * keeps its count: epochs that take turns would otherwise draw random bits for each id, too few to be unique. A process
 * sees few epochs.
 */
export class EventIds {
  readonly #series = new Map<number, Series>();
  readonly #countMax: number;
  #epoch: number | undefined;
  #current: Series = { prefix: '', counted: 0 };

  constructor(countMax = COUNT_MAX) {
    this.#countMax = countMax;
  }

  next(epoch: number): string {
    if (epoch !== this.#epoch) this.#change(epoch);
    if (this.#current.counted === this.#countMax) this.#begin(epoch);
    this.#current.counted += 1;
    return this.#current.prefix + this.#current.counted.toString(16).padStart(8, '0');
  }

  #change(epoch: number): void {
    this.#epoch = epoch;
    const known = this.#series.get(epoch);
    if (known === undefined) this.#begin(epoch);
    else this.#current = known;
  }

  #begin(epoch: number): void {
    const random = crypto.randomUUID().replaceAll('-', '').slice(0, 16);
    this.#current = { prefix: epoch.toString(16).padStart(8, '0') + random, counted: 0 };
    this.#series.set(epoch, this.#current);
  }
}

interface Series {
  readonly prefix: string;
  counted: number;
}

const ids = new EventIds();

export function epochOfEventId(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16);
}

export function rowsOf(event: Event): number {
  return event.type === 'messages' ? event.contents.length : 1;
}

/** The approximate size of an event in an envelope, in bytes: from the lengths of its texts, without reading them. */
export function approximateBytes(event: Event): number {
  const overhead = event.key === undefined ? 200 : 360;
  if (event.type !== 'messages') return overhead + (event.name.length + (event.metadata?.length ?? 0)) * 3;
  let bytes = overhead;
  for (const content of event.contents) bytes += 4 + content.length * 3;
  for (const { senderId = '', metadata = '' } of event.extras ?? []) {
    bytes += 64 + senderId.length + metadata.length * 3;
  }
  return bytes;
}
