import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Answer } from '../support/client.ts';
import { noteDocumented } from '../support/e2e.ts';
import { Asking, bearer, told } from './asking.ts';
import { ENTRIES, type Entry, isAllowed, NEW_APPLICATION, type Place } from './entries.ts';
import { type Kind, kindsAgainst } from './kinds.ts';
import { openScene, type Scene, snapshot } from './scene.ts';
import { openSecured, type Secured } from './system.ts';

/** How many requests are sent at the same time. */
const AT_ONCE = 12;
const NO_TOKEN = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
const NO_CHAT = 999;

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly success: number;
}

let secured: Secured;
let asking: Asking;
let victim: Scene;
let other: Scene;
let kinds: readonly Kind[];
let before: string;
let createdBefore: number;
const operations = new Map<string, Operation>();

beforeAll(async () => {
  secured = await openSecured();
  asking = new Asking(secured);
  [victim, other] = await Promise.all([openScene(asking, 'Victim'), openScene(asking, 'Other')]);
  kinds = await kindsAgainst(victim, other, secured);
  const document = await (await fetch(`${secured.url}/openapi.json`)).json();
  for (const [path, methods] of Object.entries<Record<string, { operationId: string; responses: object }>>(
    document.paths,
  )) {
    for (const [method, { operationId, responses }] of Object.entries(methods)) {
      const success = Object.keys(responses)
        .map(Number)
        .find((status) => status < 300);
      operations.set(operationId, { method: method.toUpperCase(), path, success: success ?? 0 });
    }
  }
  createdBefore = await created();
  await until('nothing changes any more', async () => {
    before = await snapshot(asking, victim.place);
    await Bun.sleep(2_500); // the order of activity is up to 2 s behind
    return before === (await snapshot(asking, victim.place));
  });
}, 120_000);
afterAll(async () => {
  noteDocumented(secured);
  await secured.stop();
});

test('every operation of the document has a sample request, and no other', () => {
  expect(Object.keys(ENTRIES).sort()).toEqual([...operations.keys()].sort());
});

describe.each(Object.keys(ENTRIES))('%s', (id) => {
  const entry = ENTRIES[id]!;

  test('refuses every wrong credential, at every door, and changes nothing', async () => {
    const { method, path } = operations.get(id)!;
    const wrong: string[] = [];
    const absences = new Map<string, Promise<object>>();
    const attempts = secured.doors.flatMap((door) =>
      kinds.flatMap((kind) =>
        variants(method).map((variant) => async () => {
          const verdict = kind.verdict(entry, path);
          if (verdict === 'open') return;
          const through = new Asking(secured, door);
          const ask = (place: Place): Promise<Answer> => {
            const { path: address, json } = entry.sample(place);
            return through.call(variant.method, variant.of(address), { as: kind.as, json }, id);
          };
          const answer = await ask(victim.place);
          const what = `${variant.name} by ${kind.name} at ${door.name}`;
          if (verdict !== 'absent') {
            for (const each of refusalsIn(answer, verdict, kind)) wrong.push(`${what}: ${each}`);
            return;
          }
          const absence = absences.get(what) ?? ask(absentFor(kind)).then(told);
          absences.set(what, absence);
          if (answer.status !== 404) wrong.push(`${what}: ${answer.status}, not 404`);
          if (!Bun.deepEquals(told(answer), await absence)) {
            wrong.push(`${what}: ${JSON.stringify(told(answer))}, but ${JSON.stringify(await absence)} of nothing`);
          }
        }),
      ),
    );
    for (let from = 0; from < attempts.length; from += AT_ONCE) {
      await Promise.all(attempts.slice(from, from + AT_ONCE).map((attempt) => attempt()));
    }
    expect(attempts.length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
    expect(await snapshot(asking, victim.place)).toBe(before);
  });

  test('answers what is not the caller’s as it answers what does not exist', async () => {
    const { method, path } = operations.get(id)!;
    if (!path.includes('{token}')) return;
    const { path: address, json } = entry.sample({ ...victim.place, token: NO_TOKEN });
    const nothing = await asking.call(method, address, { as: bearer(secured.adminKey), json }, id);
    const foreign = entry.sample(victim.place);
    const answer = await asking.call(method, foreign.path, { as: bearer(other.full), json: foreign.json }, id);
    expect(told(answer)).toEqual(told(nothing));
  });

  test('lets every right credential in', async () => {
    const { method, success } = operations.get(id)!;
    for (const [name, credential] of rightFor(entry, other, secured.adminKey)) {
      const { path, json } = entry.sample(await placeFor(entry));
      const { status, body } = await asking.call(method, path, { as: bearer(credential), json }, id);
      expect([name, status, status === success ? '' : body]).toEqual([name, success, '']);
    }
  });
});

test('every answer was as documented', () => {
  expect([...secured.documented.wrong]).toEqual([]);
});

test('no refused create has drawn a number or was stored', async () => {
  const { token } = victim.place;
  const path = `/applications/${token}/chats`;
  const message = await asking.admin('POST', `${path}/1/messages`, { message_content: 'next' });
  expect(message.message_number).toBe(3);
  expect((await asking.admin('POST', path, {})).chat_number).toBe(4);
  expect(await asking.admin('GET', `${path}/1/messages/3`)).toMatchObject({ content: 'next' });
  // The admin's own one is there.
  expect(await created()).toBe(createdBefore + 1);
});

/** How many applications have the name of the sample request that creates one. */
async function created(): Promise<number> {
  let count = 0;
  for (let after = ''; ; ) {
    const page = (await asking.admin('GET', `/applications?limit=200${after}`)) as { token: string; name: string }[];
    count += page.filter(({ name }) => name === NEW_APPLICATION).length;
    if (page.length < 200) return count;
    after = `&after=${page.at(-1)?.token}`;
  }
}

/** The forms of a request that must be answered alike. */
function variants(method: string) {
  const plain = { name: method, method, of: (path: string) => path };
  const slash = { name: `${method} with a slash at the end`, method, of: withSlash };
  return method === 'GET' ? [plain, slash, { ...plain, name: 'HEAD', method: 'HEAD' }] : [plain, slash];
}

function withSlash(path: string): string {
  const [address = '', query] = path.split('?');
  return `${address}/${query === undefined ? '' : `?${query}`}`;
}

/** What is wrong with a refusal. */
function refusalsIn(answer: Answer, status: 401 | 403, { as }: Kind): string[] {
  const { headers, body } = answer;
  if (answer.status !== status) return [`${answer.status}, not ${status}: ${JSON.stringify(body)}`];
  const wrong: string[] = [];
  if (!headers.get('content-type')?.startsWith('application/problem+json')) wrong.push('it is no problem document');
  const challenge = headers.get('www-authenticate');
  if (!challengesFor(status, as).includes(challenge)) wrong.push(`it asks for ${challenge}`);
  if (body !== '' && Object.keys(body).join() !== 'type,title,status,detail')
    wrong.push(`it tells ${JSON.stringify(body)}`);
  return wrong;
}

/** The WWW-Authenticate headers that an answer may have. An empty credential may count as one or as none. */
function challengesFor(status: 401 | 403, as: string | undefined): (string | null)[] {
  if (status === 403) return [null];
  const asked = 'Bearer realm="parley"';
  const refused = `${asked}, error="invalid_token"`;
  if (as === undefined) return [asked];
  return as === '' ? [asked, refused] : [refused];
}

/** A place that does not exist for this caller, of the same kind as the victim's. */
function absentFor({ as }: Kind): Place {
  const isOfVictim = Object.values(victim.users).some((token) => as === bearer(token));
  return isOfVictim ? { ...victim.place, chat: NO_CHAT } : { ...victim.place, token: NO_TOKEN };
}

/** Credentials of `scene` that may call the operation, by name. */
function rightFor(
  entry: Entry,
  { scoped, full, users }: Scene,
  adminKey: string,
): [name: string, credential: string][] {
  const right: [string, string][] = [['the admin key', adminKey]];
  if (entry.needs !== 'admin') right.push(['a key with all scopes', full]);
  for (const [scope, key] of Object.entries(scoped)) {
    if (isAllowed(entry, [scope as keyof typeof scoped])) right.push([`a key with only ${scope}`, key]);
  }
  if (entry.users === undefined) return right;
  right.push(['a user’s token', users.anna], ['a user’s token for this chat', users.annaIn1]);
  right.push([
    'a user’s token with only this scope',
    entry.needs === 'messages:read' ? users.annaReads : users.annaWrites,
  ]);
  if (entry.users === 'all') right.push(['another user’s token', users.ben]);
  return right;
}

/** A place of `other` that the request may change; made for it if the request ends something. */
async function placeFor({ ends }: Entry): Promise<Place> {
  const { place } = other;
  const path = `/applications/${place.token}`;
  if (ends === 'application') {
    const { application_token } = await asking.admin('POST', '/applications', { application_name: 'To be deleted' });
    return { ...place, token: application_token };
  }
  if (ends === 'chat') return { ...place, chat: (await asking.admin('POST', `${path}/chats`, {})).chat_number };
  if (ends === 'key') return { ...place, key: (await asking.admin('POST', `${path}/keys`, { name: 'brief' })).id };
  const message = { message_content: 'To be changed', sender_id: place.user };
  if (ends === 'message') {
    const created = await asking.admin('POST', `${path}/chats/${place.chat}/messages`, message);
    return { ...place, message: created.message_number };
  }
  return place;
}
