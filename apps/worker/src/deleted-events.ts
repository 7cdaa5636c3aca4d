import { type Event, Gone, type Store, type Token } from '@parley/domain';

/**
 * Makes a function that tells whether what an event creates, or what it belongs to, was deleted. Remembers what it has
 * found, so make a new one for each look at many events. The function rejects with Unavailable as the store does.
 */
export function deletedEvents(store: Pick<Store, 'application' | 'chat'>): (event: Event) => Promise<boolean> {
  const found = new Map<string, Promise<boolean>>();
  const look = (key: string, read: () => Promise<unknown>) => {
    const known = found.get(key) ?? isGone(read);
    found.set(key, known);
    return known;
  };
  const application = (token: Token) => look(token, () => store.application(token));
  const chat = (token: Token, number: number) => look(`${token}:${number}`, () => store.chat(token, number));
  return async (event) => {
    if (await application(event.token)) return true;
    if (event.type === 'application') return false;
    return chat(event.token, event.type === 'chat' ? event.number : event.chat);
  };
}

async function isGone(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return false;
  } catch (error) {
    if (error instanceof Gone) return true;
    throw error;
  }
}
