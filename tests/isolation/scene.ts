/** An application with all that another one must not see, its keys and its users' tokens. */
import { SCOPES, type Scope } from '@parley/domain';
import { until } from '@parley/testing';
import { type Asking, bearer } from './asking.ts';
import type { Place } from './entries.ts';

export interface Scene {
  readonly place: Place;
  /** Secret keys by the scope that each has alone. */
  readonly scoped: Readonly<Record<Scope, string>>;
  /** Has all scopes. */
  readonly full: string;
  readonly revoked: string;
  readonly expired: string;
  /** User tokens. anna and ben have all chats, unless the name says another thing. */
  readonly users: {
    readonly anna: string;
    readonly annaReads: string;
    readonly annaWrites: string;
    /** In chat 1 alone. */
    readonly annaIn1: string;
    readonly ben: string;
    /** anna in chat 2 alone: in the place's chat she has no business. */
    readonly elsewhere: string;
    readonly nowhere: string;
    /** Its secret key was revoked. */
    readonly orphaned: string;
    /** It ended, and so did its secret key. */
    readonly ended: string;
  };
}

/** How long the keys live that must be expired when a scene is ready. */
const BRIEF_MS = 3_000;
const USER = 'anna';

/** Makes an application with three chats of two messages each, one of anna's and one of ben's. */
export async function openScene(asking: Asking, name: string): Promise<Scene> {
  const { application_token: token } = await asking.admin('POST', '/applications', { application_name: name });
  const path = `/applications/${token}`;
  for (const chat of [1, 2, 3]) {
    await asking.admin('POST', `${path}/chats`, { chat_name: `Chat ${chat} of ${name}` });
    const messages = [USER, 'ben'].map((sender_id) => ({
      ...{ message_content: `A secret of ${sender_id} in chat ${chat} of ${name}`, sender_id },
    }));
    await asking.admin('POST', `${path}/chats/${chat}/messages/batch`, { messages });
    await asking.admin('PUT', `${path}/chats/${chat}/reads/${USER}`, { message_number: 1 });
  }
  const key = async (scopes: readonly Scope[], expires_at?: string): Promise<{ id: string; secret_key: string }> =>
    asking.admin('POST', `${path}/keys`, { name: scopes.join(' '), scopes, expires_at });
  const session = async (by: string, given: object): Promise<string> => {
    const { status, body } = await asking.call('POST', `${path}/sessions`, { as: bearer(by), json: given });
    if (status !== 201) throw new Error(`no session: ${status} ${JSON.stringify(body)}`);
    return body.access_token;
  };

  const brief = await key(SCOPES, new Date(Date.now() + BRIEF_MS).toISOString());
  const ended = await session(brief.secret_key, { user_id: USER, chats: '*' });
  const scoped = {} as Record<Scope, string>;
  for (const scope of SCOPES) scoped[scope] = (await key([scope])).secret_key;
  const full = await key(SCOPES);
  const maker = await key(SCOPES);
  const revoked = await key(SCOPES);
  const spare = await key(SCOPES);
  const all = { chats: '*' };
  const users = {
    anna: await session(full.secret_key, { ...all, user_id: USER }),
    annaReads: await session(full.secret_key, { ...all, user_id: USER, can: ['messages:read'] }),
    annaWrites: await session(full.secret_key, { ...all, user_id: USER, can: ['messages:write'] }),
    annaIn1: await session(full.secret_key, { user_id: USER, chats: [1] }),
    ben: await session(full.secret_key, { ...all, user_id: 'ben' }),
    elsewhere: await session(full.secret_key, { user_id: USER, chats: [2] }),
    nowhere: await session(full.secret_key, { user_id: USER }),
    orphaned: await session(maker.secret_key, { ...all, user_id: USER }),
    ended,
  };
  // Used before it is revoked: a program that remembers it must forget it.
  await asking.call('GET', path, { as: bearer(revoked.secret_key) });
  await asking.call('GET', `${path}/chats`, { as: bearer(users.orphaned) });
  for (const { id } of [maker, revoked]) await asking.admin('DELETE', `${path}/keys/${id}`);

  const scene: Scene = {
    place: { token, chat: 1, message: 1, user: USER, key: spare.id },
    ...{ scoped, full: full.secret_key, revoked: revoked.secret_key, expired: brief.secret_key, users },
  };
  await until('the brief key has expired', async () => {
    const answers = [scene.expired, ended].map((each) => asking.call('GET', `${path}/chats`, { as: bearer(each) }));
    return (await Promise.all(answers)).every(({ status }) => status === 401);
  });
  await until('its messages are counted and found', async () => {
    const chats = await asking.admin('GET', `${path}/chats`);
    const hits = await asking.admin('GET', `${path}/search?search_query=secret`);
    return chats.every((chat: { messages_count: number }) => chat.messages_count === 2) && hits.length === 6;
  });
  return scene;
}

/** All that the API tells the admin of an application, as text. What changes by itself is left out. */
export async function snapshot(asking: Asking, { token }: Place): Promise<string> {
  const path = `/applications/${token}`;
  const chats = (await asking.admin('GET', `${path}/chats`)) as readonly { number: number }[];
  const paths = [path, `${path}/limits`, `${path}/chats?user_id=anna`, `${path}/chats?order=activity`, `${path}/keys`];
  for (const { number } of chats) {
    paths.push(`${path}/chats/${number}`, `${path}/chats/${number}/messages`, `${path}/chats/${number}/reads`);
  }
  const found: unknown[] = [];
  for (const each of paths) found.push([each, await asking.admin('GET', each)]);
  const still = (name: string, value: unknown) => (name === 'last_used_at' ? undefined : value);
  return JSON.stringify(found, still, 1);
}
