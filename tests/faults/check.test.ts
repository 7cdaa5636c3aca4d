/** Tests of the checker: it must find each kind of damage, made by hand, and nothing else. */
import { describe, expect, test } from 'bun:test';
import { check, erasedWords, type Findings, type Stored, type StoredOwner } from './check.ts';
import { type Attempt, type Create, Recording } from './record.ts';

const TOKEN = 'a0000000-0000-4000-8000-000000000000';

interface World {
  readonly recording: Recording;
  readonly stored: Stored;
  readonly applications: Map<string, StoredOwner>;
  readonly chats: Map<string, StoredOwner>;
  readonly messages: Map<string, string>;
  readonly documents: Map<string, string>;
}

let clock = 0;

function acknowledged(first: number, more: Partial<Attempt> = {}): Attempt {
  clock += 10;
  return { sentAt: clock, ms: 5, outcome: 'acknowledged', status: 201, first, ...more };
}

function refused(): Attempt {
  clock += 10;
  return { sentAt: clock, ms: 5, outcome: 'refused', status: 503 };
}

function message(texts: string[], attempts: Attempt[], key?: string): Create {
  const kind = texts.length === 1 ? 'message' : 'batch';
  return { kind, token: TOKEN, chat: 1, texts, attempts, ...(key !== undefined && { key }) };
}

/** An undamaged application with a chat of four messages, three of them from a batch. */
function world(): World {
  const recording = new Recording();
  recording.creates.push(
    { kind: 'application', token: '', chat: 0, texts: ['app x'], attempts: [acknowledged(0, { token: TOKEN })] },
    { kind: 'chat', token: TOKEN, chat: 0, texts: ['chat x'], attempts: [acknowledged(1)] },
    message(['one x'], [acknowledged(1)]),
    message(['two x', 'three x', 'four x'], [acknowledged(2)], 'key'),
  );
  const applications = new Map([[TOKEN, { name: 'app x', count: 1, countOfApi: 1 }]]);
  const chats = new Map([[`${TOKEN}:1`, { name: 'chat x', count: 4, countOfApi: 4 }]]);
  const texts = ['one x', 'two x', 'three x', 'four x'];
  const messages = new Map(texts.map((text, index) => [`${TOKEN}:1:${index + 1}`, text]));
  const documents = new Map(messages);
  return {
    ...{ recording, applications, chats, messages, documents },
    stored: {
      ...{ applications, chats, messages, documents },
      get documentsCounted() {
        return documents.size;
      },
      notFound: [],
      leftovers: [],
      deadLetters: new Map(),
    },
  };
}

/** The number of findings of each kind, without the kinds that have none. */
function found(findings: Findings): Record<string, number> {
  const counts = Object.entries(findings).map(([kind, list]) => [kind, Array.isArray(list) ? list.length : list]);
  return Object.fromEntries(counts.filter(([, count]) => count !== 0));
}

/** Adds a message that is stored, indexed and counted. */
function store({ messages, documents, chats }: World, number: number, content: string): void {
  messages.set(`${TOKEN}:1:${number}`, content);
  documents.set(`${TOKEN}:1:${number}`, content);
  chats.set(`${TOKEN}:1`, { name: 'chat x', count: messages.size, countOfApi: messages.size });
}

test('nothing is found without damage', () => {
  const { recording, stored } = world();
  expect(found(check(recording, stored))).toEqual({});
});

const damages: Record<string, [Partial<Record<keyof Findings, number>>, (world: World) => void]> = {
  'a message is not stored': [
    { lost: 1, wrongCounts: 1, missingInSearch: 1 },
    ({ messages }) => messages.delete(`${TOKEN}:1:4`),
  ],
  'a message has other bytes': [
    { lost: 1, missingInSearch: 1 },
    ({ messages }) => messages.set(`${TOKEN}:1:2`, 'two  x'),
  ],
  'two messages have changed places': [
    { lost: 2, missingInSearch: 2 },
    ({ messages }) => {
      messages.set(`${TOKEN}:1:2`, 'three x');
      messages.set(`${TOKEN}:1:3`, 'two x');
    },
  ],
  'a chat is not stored': [{ lost: 1, wrongCounts: 1 }, ({ chats }) => chats.delete(`${TOKEN}:1`)],
  'an application has another name': [
    { lost: 1 },
    ({ applications }) => applications.set(TOKEN, { name: 'other x', count: 1, countOfApi: 1 }),
  ],
  'a message is stored twice': [{ duplicated: 1 }, (world) => store(world, 5, 'one x')],
  'one number is acknowledged for two messages': [
    { renumbered: 1, lost: 1, disordered: 1 },
    ({ recording }) => recording.creates.push(message(['five x'], [acknowledged(4)])),
  ],
  'a key is answered with two numbers': [
    { renumbered: 1 },
    ({ recording }) => recording.creates[3]?.attempts.push(acknowledged(5)),
  ],
  'a later create has a lower number': [
    { disordered: 1 },
    (world) => {
      world.recording.creates.push(message(['six x'], [acknowledged(6)]), message(['five x'], [acknowledged(5)]));
      store(world, 6, 'six x');
      store(world, 5, 'five x');
    },
  ],
  'numbers are skipped and no create failed': [
    { gaps: 2, unexplainedGaps: 1 },
    (world) => {
      world.recording.creates.push(message(['seven x'], [acknowledged(7)]));
      store(world, 7, 'seven x');
    },
  ],
  'numbers are skipped for creates that failed': [
    { gaps: 2 },
    (world) => {
      world.recording.creates.push(message(['five x', 'six x'], [refused()]), message(['seven x'], [acknowledged(7)]));
      store(world, 7, 'seven x');
    },
  ],
  'a count in a row is wrong': [
    { wrongCounts: 1 },
    ({ chats }) => chats.set(`${TOKEN}:1`, { name: 'chat x', count: 5, countOfApi: 4 }),
  ],
  "the API's count is wrong": [
    { wrongCounts: 1 },
    ({ applications }) => applications.set(TOKEN, { name: 'app x', count: 1, countOfApi: 2 }),
  ],
  'a message is not in the index': [{ missingInSearch: 2 }, ({ documents }) => documents.delete(`${TOKEN}:1:1`)],
  'the index has an older content': [
    { missingInSearch: 1 },
    ({ documents }) => documents.set(`${TOKEN}:1:1`, 'one older'),
  ],
  'the index has a message that is not stored': [
    { missingInSearch: 1 },
    ({ documents }) => documents.set(`${TOKEN}:1:9`, 'nine x'),
  ],
  'an acknowledged message was answered with 404': [
    { unreadable: 1 },
    ({ recording }) => recording.reads.push({ token: TOKEN, chat: 1, number: 1, status: 404, sentAt: 0, ms: 1 }),
  ],
  'a good credential was refused': [{ denied: 1 }, ({ recording }) => recording.denied.push('401 for GET /api')],
  'a revoked key was let in': [{ honoured: 1 }, ({ recording }) => recording.honoured.push('a key')],
};

/** A chat of its own that was deleted with its message. */
function deleted(world: World): void {
  const { recording } = world;
  recording.creates.push(
    { kind: 'chat', token: TOKEN, chat: 0, texts: ['mortal x'], attempts: [acknowledged(2)] },
    { kind: 'message', token: TOKEN, chat: 2, texts: ['dead x'], attempts: [acknowledged(1)] },
  );
  recording.removals.push({ token: TOKEN, chat: 2, number: 0, sentAt: clock + 1, doneAt: clock + 2 });
}

describe('of what was deleted', () => {
  test('nothing need be there', () => {
    const changed = world();
    deleted(changed);
    expect(found(check(changed.recording, changed.stored))).toEqual({});
    expect([...erasedWords(changed.recording)].sort()).toEqual(['dead', 'mortal']);
  });

  test('a create that is acknowledged afterwards is found', () => {
    const changed = world();
    deleted(changed);
    clock += 10;
    changed.recording.creates.push({ ...message(['late x'], [acknowledged(2)]), chat: 2 });
    expect(found(check(changed.recording, changed.stored))).toEqual({ revived: 1 });
  });

  test('a row that is there again is found', () => {
    const changed = world();
    deleted(changed);
    changed.chats.set(`${TOKEN}:2`, { name: 'mortal x', count: 0, countOfApi: 0 });
    expect(found(check(changed.recording, changed.stored))).toMatchObject({ revived: 1 });
  });

  test('contents that are left are found', () => {
    const { recording, stored } = world();
    expect(found(check(recording, { ...stored, leftovers: ['messages: dead'] }))).toEqual({ erased: 1 });
  });

  test('a message alone was deleted: the others must be there', () => {
    const changed = world();
    changed.recording.removals.push({ token: TOKEN, chat: 1, number: 2, sentAt: clock + 1, doneAt: clock + 2 });
    changed.messages.delete(`${TOKEN}:1:2`);
    changed.documents.delete(`${TOKEN}:1:2`);
    changed.chats.set(`${TOKEN}:1`, { name: 'chat x', count: 3, countOfApi: 3 });
    expect(found(check(changed.recording, changed.stored))).toEqual({});
    expect([...erasedWords(changed.recording)]).toEqual(['two']);
    changed.messages.delete(`${TOKEN}:1:3`);
    expect(found(check(changed.recording, changed.stored))).toMatchObject({ lost: 1 });
  });
});

describe('the checker finds that', () => {
  test.each(Object.entries(damages))('%s', (_, [expected, damage]) => {
    const damaged = world();
    damage(damaged);
    expect(found(check(damaged.recording, damaged.stored))).toEqual(expected as Record<string, number>);
  });
});

describe('an updated message', () => {
  const update = (content: string, status: number) => {
    return { token: TOKEN, chat: 1, number: 1, content, status, sentAt: 0, ms: 1 };
  };
  const holding = (content: string, ...updates: ReturnType<typeof update>[]) => {
    const changed = world();
    changed.recording.updates.push(...updates);
    store(changed, 1, content);
    return found(check(changed.recording, changed.stored));
  };

  test('must hold what the update said', () => {
    expect(holding('one updated', update('one updated', 200))).toEqual({});
    expect(holding('one x', update('one updated', 200))).toEqual({ lost: 1 });
  });

  test('may hold the old or the new text if the update was not acknowledged', () => {
    expect(holding('one updated', update('one updated', 0))).toEqual({});
    expect(holding('one x', update('one updated', 503))).toEqual({});
    expect(holding('one else', update('one updated', 503))).toEqual({ lost: 1 });
  });
});
