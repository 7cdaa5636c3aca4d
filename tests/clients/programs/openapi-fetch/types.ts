/** This file is compiled, never run. So tsc checks that the generated types are right and refuse mistakes. */
import createClient from 'openapi-fetch';
import type { components, operations, paths } from './parley.ts';

type Schemas = components['schemas'];

/** `true` only if both types are the same; `any` is the same only as `any`. */
type Same<One, Other> =
  (<Probe>() => Probe extends One ? 1 : 2) extends <Probe>() => Probe extends Other ? 1 : 2 ? true : false;

export const types: {
  messageNumber: Same<Schemas['CreatedMessage']['message_number'], number>;
  messageType: Same<Schemas['CreatedMessage']['type'], 'message'>;
  createdAt: Same<Schemas['Message']['created_at'], string>;
  chatsCount: Same<Schemas['Application']['chats_count'], number>;
  chatNeedsNoName: Same<Schemas['CreateChatInput'], { chat_name?: string; metadata?: Record<string, unknown> }>;
  errors: Same<Schemas['Problem']['errors'], Schemas['FieldError'][] | undefined>;
  pathOfError: Same<Schemas['FieldError']['path'], string>;
  order: Same<components['parameters']['Order'], 'asc' | 'desc'>;
  inPath: Same<components['parameters']['ChatNumber'], number>;
  limit: Same<components['parameters']['Limit'], number>;
  batch: Same<
    operations['createMessages']['responses'][201]['content']['application/json'],
    Schemas['CreatedMessages']
  >;
  list: Same<operations['listChats']['responses'][200]['content']['application/json'], Schemas['Chat'][]>;
  linkOfList: Same<operations['listChats']['responses'][200]['headers']['Link'], string>;
} = {
  ...{ messageNumber: true, messageType: true, createdAt: true, chatsCount: true, chatNeedsNoName: true },
  ...{ order: true, inPath: true, limit: true, batch: true, list: true, linkOfList: true },
  ...{ errors: true, pathOfError: true },
};

const parley = createClient<paths>({ baseUrl: '' });
const CHAT = '/api/applications/{token}/chats/{number}';
const path = { token: '', number: 1 };

export const bodyMayBeAbsent = () => [
  parley.POST('/api/applications/{token}/chats', { params: { path: { token: '' } } }),
  parley.POST(`${CHAT}/search`, { params: { path, query: { search_query: 'parcel' } } }),
];

export const mistakes = () => [
  // @ts-expect-error the number of a chat is a number
  parley.GET(CHAT, { params: { path: { token: '', number: '1' } } }),
  // @ts-expect-error a search by GET needs its query
  parley.GET(`${CHAT}/search`, { params: { path, query: { limit: 1 } } }),
  // @ts-expect-error the list of messages has no parameter `page`
  parley.GET(`${CHAT}/messages`, { params: { path, query: { page: 1 } } }),
  // @ts-expect-error the only orders are `asc` and `desc`
  parley.GET(`${CHAT}/messages`, { params: { path, query: { order: 'newest' } } }),
  // @ts-expect-error a message needs its content
  parley.POST(`${CHAT}/messages`, { params: { path }, body: {} }),
  // @ts-expect-error only creates take an Idempotency-Key
  parley.PATCH(CHAT, { params: { path, header: { 'Idempotency-Key': '1' } }, body: { chat_name: '' } }),
];
