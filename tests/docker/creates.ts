/**
 * Clients that create messages all the time, each in its own chat. A client repeats a create under its idempotency key
 * until it is acknowledged. In the end exactly the acknowledged messages must be stored.
 */

const CLIENTS = 4;
const ANSWER_WITHIN_MS = 15_000;
const PAGE = 200;
/**
 * The pause after each create, so that other work has time. A few dozen creates a second suffice to notice a failure.
 */
const PAUSE_MS = 50;

interface Chat {
  readonly path: string;
  /** The text of each acknowledged message, by number. */
  readonly acknowledged: Map<number, string>;
}

export class Creates {
  /** Answers other than 201, and connections that failed. */
  readonly refused: string[] = [];
  readonly #chats: Chat[] = [];
  readonly #clients: Promise<void>[] = [];
  #going = true;

  private constructor(readonly url: string) {}

  static async begin(url: string): Promise<Creates> {
    const creates = new Creates(url);
    const { application_token } = await post(`${url}/api/applications`, { application_name: 'Creates' });
    for (let client = 0; client < CLIENTS; client += 1) {
      const { chat_number } = await post(`${url}/api/applications/${application_token}/chats`, { chat_name: '' });
      const chat = {
        path: `${url}/api/applications/${application_token}/chats/${chat_number}`,
        acknowledged: new Map(),
      };
      creates.#chats.push(chat);
      creates.#clients.push(creates.#go(chat, client));
    }
    return creates;
  }

  get acknowledged(): number {
    return this.#chats.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
  }

  async #go(chat: Chat, client: number): Promise<void> {
    for (let i = 0; this.#going; i += 1) {
      const content = `message ${i} of client ${client}`;
      for (;;) {
        const number = await this.#create(chat.path, content, `${client}-${i}`);
        if (number !== undefined) {
          chat.acknowledged.set(number, content);
          break;
        }
        await Bun.sleep(100);
      }
      await Bun.sleep(PAUSE_MS);
    }
  }

  async #create(path: string, content: string, key: string): Promise<number | undefined> {
    try {
      return (await post(`${path}/messages`, { message_content: content }, key)).message_number;
    } catch (error) {
      this.refused.push(`${new Date().toISOString()} ${error}`);
      return undefined;
    }
  }

  /** Stops the clients. Resolves when the last create of each one is acknowledged. */
  async end(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#clients);
  }

  /** One line for each message that is lost, changed or unknown, and for each skipped number; empty if all is right. */
  async differences(): Promise<string[]> {
    const wrong: string[] = [];
    for (const { path, acknowledged } of this.#chats) {
      const stored = await messagesOf(path);
      for (const [number, content] of acknowledged) {
        if (stored.get(number) !== content) wrong.push(`lost: ${number} '${content}' is '${stored.get(number)}'`);
      }
      for (const number of stored.keys()) if (!acknowledged.has(number)) wrong.push(`nobody created ${number}`);
      for (let number = 1; number <= stored.size; number += 1) {
        if (!stored.has(number)) wrong.push(`there is no ${number} of ${stored.size}`);
      }
    }
    return wrong;
  }

  async lastIsFound(): Promise<boolean> {
    const found = this.#chats.map(async ({ path, acknowledged }) => {
      const [number, content = ''] = [...acknowledged].at(-1) ?? [];
      const response = await fetch(`${path}/search?search_query=${encodeURIComponent(`"${content}"`)}`);
      return response.ok && ((await response.json()) as { number: number }[]).some((hit) => hit.number === number);
    });
    return (await Promise.all(found)).every((each) => each);
  }
}

interface Created {
  readonly application_token: string;
  readonly chat_number: number;
  readonly message_number: number;
}

async function post(url: string, body: object, key?: string): Promise<Created> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Created;
}

async function messagesOf(chat: string): Promise<Map<number, string>> {
  const stored = new Map<number, string>();
  for (let after = 0; ; ) {
    const response = await fetch(`${chat}/messages?limit=${PAGE}&after=${after}`);
    if (!response.ok) throw new Error(`${response.status} of ${chat}`);
    const page = (await response.json()) as { number: number; content: string }[];
    for (const { number, content } of page) stored.set(number, content);
    const last = page.at(-1);
    if (last === undefined) return stored;
    after = last.number;
  }
}
