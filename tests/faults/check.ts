/**
 * Compares what was acknowledged with what the system holds. It is a pure function of the two, so that its own tests
 * can show that it finds each kind of damage.
 */
import { acknowledgement, type Create, nameOf, type Place, placeOf, type Recording } from './record.ts';

/** What the system holds of the applications in the recording, without what was deleted. */
export interface Stored {
  /** Applications by token. */
  readonly applications: ReadonlyMap<string, StoredOwner>;
  /** Chats by `token:chat`. */
  readonly chats: ReadonlyMap<string, StoredOwner>;
  /** Texts of messages by `token:chat:number`. */
  readonly messages: ReadonlyMap<string, string>;
  /** By `token:chat:number`: the message's text if its search document has the row's version. */
  readonly documents: ReadonlyMap<string, string>;
  /** How many documents the index has for these applications, under any id. */
  readonly documentsCounted: number;
  /** Searches for words of stored messages that did not find exactly their message. */
  readonly notFound: readonly string[];
  /** Where contents of deleted things were found: `messages: word`. */
  readonly leftovers: readonly string[];
  /** The number of dead letters by reason. */
  readonly deadLetters: ReadonlyMap<string, number>;
}

export interface StoredOwner {
  readonly name: string;
  /** `count` is in MySQL's row, `countOfApi` is what the API returns. */
  readonly count: number;
  readonly countOfApi: number;
}

/** What the check found. Each list names what is damaged, so that it can be looked up. */
export interface Findings {
  readonly lost: string[];
  readonly duplicated: string[];
  readonly renumbered: string[];
  /** Creates that were sent after another was acknowledged, but got the lower number. */
  readonly disordered: string[];
  /** How many numbers are missing in all chats and applications. */
  readonly gaps: number;
  /** Chats and applications with more missing numbers than failed creates can explain. */
  readonly unexplainedGaps: string[];
  readonly wrongCounts: string[];
  readonly missingInSearch: string[];
  /** Acknowledged messages of which a read was answered with 404. */
  readonly unreadable: string[];
  /** Requests with a good credential that were answered 401 or 403. */
  readonly denied: string[];
  /** Revoked keys that were let in longer than promised. */
  readonly honoured: string[];
  /** Contents of deleted things that were found somewhere after their 204. */
  readonly erased: string[];
  /** What was stored or acknowledged although its deletion was answered with 204 before. */
  readonly revived: string[];
}

export function check(recording: Recording, stored: Stored): Findings {
  return {
    lost: lost(recording, stored),
    duplicated: duplicated(stored),
    renumbered: renumbered(recording),
    disordered: disordered(recording),
    ...gaps(recording, stored),
    wrongCounts: wrongCounts(stored),
    missingInSearch: missingInSearch(stored),
    unreadable: recording.reads.filter(({ status }) => status === 404).map(placeOf),
    denied: [...recording.denied],
    honoured: [...recording.honoured],
    erased: [...stored.leftovers],
    revived: revived(recording, stored),
  };
}

/** Names what was acknowledged, but is not stored under its number byte for byte. */
function lost(recording: Recording, stored: Stored): string[] {
  const updated = updatesByPlace(recording);
  return recording.creates.flatMap((create) => {
    const answer = acknowledgement(create);
    const owner = ownPlace(create);
    if (answer === undefined || owner === undefined) return [];
    if (create.kind === 'application' || create.kind === 'chat') {
      if (recording.removalsAbove(owner).length > 0) return [];
      return keptAs(create.kind === 'chat' ? stored.chats : stored.applications, nameOf(owner), create);
    }
    return places(create).flatMap((place, index) => {
      const name = placeOf(place);
      if (recording.removalsAbove(place).length > 0) return [];
      const content = stored.messages.get(name);
      const allowed = updated.get(name) ?? [create.texts[index]];
      return content !== undefined && allowed.includes(content) ? [] : [name];
    });
  });
}

function keptAs(owners: ReadonlyMap<string, StoredOwner>, name: string, { texts: [text] }: Create): string[] {
  return owners.get(name)?.name === text ? [] : [name];
}

/** Where an acknowledged create is: its application or chat, or its first message. */
export function ownPlace(create: Create): Place | undefined {
  const { first = 0, token = create.token } = acknowledgement(create) ?? {};
  if (acknowledgement(create) === undefined) return undefined;
  if (create.kind === 'application') return { token, chat: 0, number: 0 };
  return create.kind === 'chat' ? { token, chat: first, number: 0 } : { token, chat: create.chat, number: first };
}

/** What is there although it was deleted, and creates below something that was deleted before they were sent. */
function revived(recording: Recording, { applications, chats, messages }: Stored): string[] {
  const there = (name: string) => applications.has(name) || chats.has(name) || messages.has(name);
  const deleted = recording.removals.filter(({ doneAt }) => doneAt !== undefined);
  const stored = deleted.map(nameOf).filter(there);
  const created = recording.creates.flatMap((create) => {
    const above = recording.removalsAbove({ token: create.token, chat: create.chat, number: 0 });
    const goneAt = Math.min(...above.map(({ doneAt = Number.POSITIVE_INFINITY }) => doneAt));
    const late = create.attempts.find(({ outcome, sentAt }) => outcome === 'acknowledged' && sentAt > goneAt);
    return late === undefined ? [] : [`${create.kind} ${late.first} in ${create.token}:${create.chat}`];
  });
  return [...stored, ...created];
}

/** The first words of all texts that were deleted: each is unique, and must not be found anywhere. */
export function erasedWords(recording: Recording): Set<string> {
  const words = new Set<string>();
  for (const create of recording.creates) {
    const owners = recording.removalsAbove({ token: create.token, chat: create.chat, number: 0 });
    const own = ownPlace(create);
    const itself = own === undefined || own.number > 0 ? [] : recording.removalsAbove(own);
    const isDeleted = [...owners, ...itself].some(isDone);
    for (const [index, text] of create.texts.entries()) {
      const place = places(create)[index];
      if (isDeleted || (place !== undefined && recording.removalsAbove(place).some(isDone))) words.add(firstWord(text));
    }
  }
  return words;
}

const isDone = ({ doneAt }: { doneAt?: number }): boolean => doneAt !== undefined;

/** The places (chat and number) of an acknowledged create's messages. */
export function places(create: Create): Place[] {
  const first = acknowledgement(create)?.first;
  if (first === undefined || create.kind === 'application' || create.kind === 'chat') return [];
  const { token, chat } = create;
  return create.texts.map((_, index) => ({ token, chat, number: first + index }));
}

/**
 * The texts that an updated message may have: its last acknowledged one, or that of a later update with another answer.
 */
function updatesByPlace({ creates, updates }: Recording): Map<string, string[]> {
  const allowed = new Map<string, string[]>();
  const touched = new Set(updates.map(placeOf));
  for (const create of creates) {
    for (const [index, place] of places(create).entries()) {
      const text = create.texts[index];
      if (text !== undefined && touched.has(placeOf(place))) allowed.set(placeOf(place), [text]);
    }
  }
  for (const update of updates) {
    const name = placeOf(update);
    allowed.set(name, update.status === 200 ? [update.content] : [...(allowed.get(name) ?? []), update.content]);
  }
  return allowed;
}

/** Finds texts that are stored twice, by their first words: these are unique, and updates keep them. */
function duplicated({ messages, chats, applications }: Stored): string[] {
  const seen = new Set<string>();
  const again: string[] = [];
  const names = [...chats.values(), ...applications.values()].map(({ name }) => name);
  for (const text of [...messages.values(), ...names]) {
    const word = firstWord(text);
    if (seen.has(word)) again.push(word);
    seen.add(word);
  }
  return again;
}

export const firstWord = (text: string): string => text.split(' ', 1)[0] ?? '';

/** Numbers that were acknowledged for two creates, and creates that were answered with two numbers. */
function renumbered({ creates }: Recording): string[] {
  const owners = new Map<string, Create>();
  const found: string[] = [];
  const claim = (name: string, create: Create) => {
    const owner = owners.get(name);
    if (owner !== undefined && owner !== create) found.push(`${name} twice`);
    owners.set(name, create);
  };
  for (const create of creates) {
    const answers = create.attempts.filter(({ outcome }) => outcome === 'acknowledged');
    const answer = answers[0];
    if (answer === undefined) continue;
    const differs = answers.some(({ first, token }) => first !== answer.first || token !== answer.token);
    if (differs) found.push(`key ${create.key} answered differently`);
    if (create.kind === 'application') claim(answer.token ?? '', create);
    else if (create.kind === 'chat') claim(`${create.token}:${answer.first}`, create);
    else for (const place of places(create)) claim(placeOf(place), create);
  }
  return found;
}

const sequenceOf = ({ kind, token, chat }: Create): string => (kind === 'chat' ? token : `${token}:${chat}`);

/** Creates that were sent after another's acknowledgement and did not get the higher number. */
function disordered({ creates }: Recording): string[] {
  const found: string[] = [];
  for (const [sequence, members] of bySequence(creates)) {
    const answered = members.flatMap((create) => {
      const at = acknowledgement(create);
      const sentAt = create.attempts[0]?.sentAt;
      if (at?.first === undefined || sentAt === undefined) return [];
      return [{ sentAt, doneAt: at.sentAt + at.ms, first: at.first, last: at.first + create.texts.length - 1 }];
    });
    const bySending = answered.toSorted((a, b) => a.sentAt - b.sentAt);
    const byAnswer = answered.toSorted((a, b) => a.doneAt - b.doneAt);
    let highest = 0;
    let done = 0;
    for (const { sentAt, first } of bySending) {
      for (let next = byAnswer[done]; next !== undefined && next.doneAt < sentAt; next = byAnswer[++done]) {
        highest = Math.max(highest, next.last);
      }
      if (first <= highest) found.push(`${sequence}: ${first} sent after ${highest} was acknowledged`);
    }
  }
  return found;
}

function bySequence(creates: readonly Create[]): Map<string, Create[]> {
  return Map.groupBy(
    creates.filter(({ kind }) => kind !== 'application'),
    sequenceOf,
  );
}

/** Counts missing numbers. A failed attempt of a create may have drawn its numbers, so they may be missing. */
function gaps(recording: Recording, { messages, chats }: Stored): Pick<Findings, 'gaps' | 'unexplainedGaps'> {
  const numbers = new Map<string, Set<number>>();
  for (const name of [...messages.keys(), ...chats.keys()]) {
    const end = name.lastIndexOf(':');
    const sequence = name.slice(0, end);
    const known = numbers.get(sequence) ?? new Set();
    numbers.set(sequence, known.add(Number(name.slice(end + 1))));
  }
  const members = bySequence(recording.creates);
  // What was deleted has left its numbers unused.
  const holes = new Set(recording.removals.flatMap((removal) => [removal.token, `${removal.token}:${removal.chat}`]));
  let total = 0;
  const unexplainedGaps: string[] = [];
  for (const [sequence, known] of numbers) {
    if (holes.has(sequence)) continue;
    let highest = 0;
    for (const number of known) highest = Math.max(highest, number);
    const missing = highest - known.size;
    let failed = 0;
    for (const { texts, attempts } of members.get(sequence) ?? [])
      failed += texts.length * attempts.filter(({ outcome }) => outcome !== 'acknowledged').length;
    total += missing;
    if (missing > failed) unexplainedGaps.push(`${sequence}: ${missing} gaps, ${failed} creates failed`);
  }
  return { gaps: total, unexplainedGaps };
}

function wrongCounts({ applications, chats, messages }: Stored): string[] {
  const counted = new Map<string, number>();
  for (const name of [...chats.keys(), ...messages.keys()]) {
    const owner = name.slice(0, name.lastIndexOf(':'));
    counted.set(owner, (counted.get(owner) ?? 0) + 1);
  }
  return [...applications, ...chats].flatMap(([name, { count, countOfApi }]) => {
    const exact = counted.get(name) ?? 0;
    return count === exact && countOfApi === exact ? [] : [`${name}: ${exact}, row ${count}, API ${countOfApi}`];
  });
}

/** What the index lacks or has wrong: it must hold all that is stored, as it is stored now, and nothing else. */
function missingInSearch({ messages, documents, documentsCounted, notFound }: Stored): string[] {
  const missing = [...notFound];
  for (const [name, content] of messages) if (documents.get(name) !== content) missing.push(name);
  if (documentsCounted !== messages.size) {
    missing.push(`${documentsCounted} documents of ${messages.size} messages`);
  }
  return missing;
}
