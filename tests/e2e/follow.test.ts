import { expect, test } from 'bun:test';
import { e2e } from '../support/e2e.ts';

/** How long a follower waits for a missing number before it reads that one message. The docs page says so. */
const GAP_MS = 5_000;
const WITHIN_MS = 50_000;
const WRITERS = 8;
const MESSAGES_EACH = 60;

class Follower {
  readonly seen = new Map<number, string>();
  /** Every message up to this number was seen, or will never exist. */
  #through = 0;
  /** The missing numbers below the highest one seen, each with the time since when it is missing. */
  readonly #missingSince = new Map<number, number>();

  constructor(readonly messages: string) {}

  async look(): Promise<void> {
    const page = (await json(`${this.messages}?after=${this.#through}&limit=200`)) as Message[];
    for (const { number, content } of page) this.#take(number, content);
    const highest = page.at(-1)?.number ?? this.#through;
    for (let number = this.#through + 1; number < highest; number += 1) {
      if (!this.seen.has(number) && !this.#missingSince.has(number)) this.#missingSince.set(number, performance.now());
    }
    const isOld = ([, since]: [number, number]) => performance.now() - since > GAP_MS;
    for (const [number] of [...this.#missingSince].filter(isOld)) await this.#askFor(number);
    while (this.#through < highest && !this.#missingSince.has(this.#through + 1)) this.#through += 1;
  }

  #take(number: number, content: string): void {
    this.seen.set(number, content);
    this.#missingSince.delete(number);
  }

  async #askFor(number: number): Promise<void> {
    const response = await fetch(`${this.messages}/${number}`);
    if (response.status === 200) this.#take(number, ((await response.json()) as Message).content);
    else if (response.status === 404) this.#missingSince.delete(number);
    else if (response.status !== 503) throw new Error(`${response.status} ${await response.text()}`);
  }
}

interface Message {
  readonly number: number;
  readonly content: string;
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

test('a follower that reads with after= gets every acknowledged message, in whatever order they are stored', async () => {
  const { url } = await e2e();
  const post = async (path: string, body: object) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${url}/api/applications${path}`, init);
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as { application_token: string; message_number: number };
  };
  const { application_token: token } = await post('', { application_name: 'Followed' });
  await post(`/${token}/chats`, {});
  const follower = new Follower(`${url}/api/applications/${token}/chats/1/messages`);

  const acknowledged = new Map<number, string>();
  const write = async (writer: number) => {
    for (let index = 0; index < MESSAGES_EACH; index += 1) {
      const content = `${writer} ${index}`;
      const { message_number: number } = await post(`/${token}/chats/1`, { message_content: content });
      acknowledged.set(number, content);
    }
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  let isWriting = true;
  const written = writing.finally(() => {
    isWriting = false;
  });
  const deadline = performance.now() + WITHIN_MS;
  while (isWriting || follower.seen.size < acknowledged.size) {
    if (performance.now() > deadline) throw new Error(`seen ${follower.seen.size} of ${acknowledged.size}`);
    await follower.look();
  }
  await written;

  expect(acknowledged.size).toBe(WRITERS * MESSAGES_EACH);
  expect([...follower.seen].sort(byNumber)).toEqual([...acknowledged].sort(byNumber));
});

function byNumber([a]: readonly [number, string], [b]: readonly [number, string]): number {
  return a - b;
}
