/** The load's HTTP client: sends a request once, with a deadline, and returns its outcome. */
import type { Credentials } from './credentials.ts';
import type { Attempt, Create, Place, Read, Update } from './record.ts';

/** Above nginx's own 4 s: if no answer comes in this time, nginx itself hangs. */
const ANSWER_WITHIN_MS = 8_000;

interface Reply {
  readonly sentAt: number;
  readonly ms: number;
  /** The HTTP status; 0 if no answer came. */
  readonly status: number;
  readonly retryAfter: boolean;
  readonly body: unknown;
}

export class Client {
  constructor(
    readonly url: string,
    /** Undefined in open mode: no request has a credential. */
    readonly credentials?: Credentials,
    /** Takes what was answered 401 or 403: all of its credentials are good. */
    readonly denied: string[] = [],
  ) {}

  async create({ kind, token, chat, texts, key, signed }: Omit<Create, 'attempts'>): Promise<Attempt> {
    const [text = ''] = texts;
    const application = `/api/applications/${token}`;
    const sent = {
      application: ['/api/applications', { application_name: text }],
      chat: [`${application}/chats`, { chat_name: text }],
      message: [`${application}/chats/${chat}/messages`, messageOf(text, signed)],
      batch: [
        `${application}/chats/${chat}/messages/batch`,
        { messages: texts.map((content) => messageOf(content, signed)) },
      ],
    } as const;
    const [path, json] = sent[kind];
    const own = kind === 'chat' || signed ? this.credentials?.server(token) : this.credentials?.sender(token, text);
    const credential = kind === 'application' ? this.credentials?.admin : own;
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const reply = await this.#call('POST', path, credential, json, headers);
    const { sentAt, ms, status } = reply;
    if (status !== 201) {
      const refused = status === 503 && reply.retryAfter;
      return { sentAt, ms, status, outcome: refused ? 'refused' : 'failed', detail: shortened(reply.body) };
    }
    return { sentAt, ms, status, outcome: 'acknowledged', ...announced(kind, texts, reply.body) };
  }

  async update(place: Place, content: string): Promise<Update> {
    const credential = this.credentials?.server(place.token);
    const reply = await this.#call('PATCH', messagePath(place), credential, { message_content: content });
    return { ...place, content, status: reply.status, sentAt: reply.sentAt, ms: reply.ms };
  }

  async read(place: Place): Promise<Read> {
    const credential = this.credentials?.sender(place.token, String(place.number));
    const { status, sentAt, ms } = await this.#call('GET', messagePath(place), credential);
    return { ...place, status, sentAt, ms };
  }

  /** Deletes a message, a chat (`number` is 0) or an application (`chat` is 0 too). Returns the status; 0: no answer. */
  async remove({ token, chat, number }: Place): Promise<number> {
    const owner = chat === 0 ? '' : `/chats/${chat}`;
    const path = `/api/applications/${token}${owner}${number === 0 ? '' : `/messages/${number}`}`;
    const credential = chat === 0 ? this.credentials?.admin : this.credentials?.server(token);
    return (await this.#call('DELETE', path, credential)).status;
  }

  get(path: string): Promise<Reply> {
    return this.#call('GET', path, this.credentials?.admin);
  }

  async #call(
    method: string,
    path: string,
    credential: string | undefined,
    json?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const sentAt = Date.now();
    const started = performance.now();
    const since = () => performance.now() - started;
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
          ...headers,
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const text = await response.text();
      const ms = since();
      if (response.status === 401 || response.status === 403)
        this.denied.push(`${response.status} for ${method} ${path}`);
      const retryAfter = response.headers.has('retry-after');
      return { sentAt, ms, status: response.status, retryAfter, body: parsed(text) };
    } catch (error) {
      return { sentAt, ms: since(), status: 0, retryAfter: false, body: String(error) };
    }
  }
}

const messageOf = (content: string, signed = false) => {
  const word = content.split(' ', 1)[0] ?? '';
  return { message_content: content, ...(signed && { sender_id: word, metadata: { about: [word] } }) };
};

const messagePath = ({ token, chat, number }: Place): string =>
  `/api/applications/${token}/chats/${chat}/messages/${number}`;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function shortened(body: unknown): string {
  const detail = (body as { detail?: unknown } | null)?.detail ?? body;
  return String(typeof detail === 'string' ? detail : JSON.stringify(detail)).slice(0, 200);
}

interface Announced {
  readonly application_token?: string;
  readonly chat_number?: number;
  readonly message_number?: number;
  readonly message_content?: string;
}

/** Reads the number or token in a 201. `detail` is set if the answer does not match what was sent. */
function announced(
  kind: Create['kind'],
  texts: readonly string[],
  body: unknown,
): Pick<Attempt, 'first' | 'token' | 'detail'> {
  const items = (Array.isArray(body) ? body : [body]) as Announced[];
  const first = items[0];
  if (kind === 'application') return { first: 0, token: first?.application_token ?? '' };
  if (kind === 'chat') return { first: first?.chat_number ?? 0 };
  const number = first?.message_number ?? 0;
  const asSent =
    items.length === texts.length &&
    items.every((item, index) => item.message_number === number + index && item.message_content === texts[index]);
  return { first: number, ...(!asSent && { detail: 'the answer is not what was sent' }) };
}
