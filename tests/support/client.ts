import { Documented } from './documented.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came
  readonly body: any;
}

export interface Sent {
  readonly json?: unknown;
  /** A body that is sent as it is, instead of `json`. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}

/** An HTTP client of a system. It throws if an answer is not as in the OpenAPI document. */
export class Client {
  static async connect(url: string, credential?: string): Promise<Client> {
    const response = await fetch(`${url}/swagger/json`);
    return new Client((request) => fetch(request), url, new Documented(await response.json()), credential);
  }

  constructor(
    readonly send: (request: Request) => Response | Promise<Response>,
    readonly url: string,
    readonly documented: Documented,
    /** A key or user token; undefined: the requests have none. */
    readonly credential?: string,
  ) {}

  /** The same client with another credential, or none. */
  as(credential: string | undefined): Client {
    return new Client(this.send, this.url, this.documented, credential);
  }

  async call(method: string, path: string, { json, raw, headers = {} }: Sent = {}): Promise<Answer> {
    const body = raw ?? (json === undefined ? undefined : JSON.stringify(json));
    const request = new Request(`${this.url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.credential !== undefined && { authorization: `Bearer ${this.credential}` }),
        ...headers,
      },
      ...(body !== undefined && { body: body as BodyInit }),
    });
    const response = await this.send(request);
    const text = await response.text();
    const mediaType = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const answer = mediaType.endsWith('json') && text !== '' ? JSON.parse(text) : text;
    if (method !== 'HEAD')
      this.documented.check(method, new URL(request.url).pathname, response.status, mediaType, answer);
    return { status: response.status, headers: response.headers, body: answer };
  }

  get = (path: string, sent?: Sent) => this.call('GET', path, sent);
  post = (path: string, json: unknown, headers?: Record<string, string>) =>
    this.call('POST', path, { json, ...(headers && { headers }) });
  patch = (path: string, json: unknown) => this.call('PATCH', path, { json });
  put = (path: string, json: unknown) => this.call('PUT', path, { json });
  delete = (path: string, headers?: Record<string, string>) =>
    this.call('DELETE', path, { ...(headers && { headers }) });

  /** Creates an application and returns its path. */
  async application(name = 'Test'): Promise<string> {
    const { status, body } = await this.post('/api/applications', { application_name: name });
    if (status !== 201) throw new Error(`no application: ${status}`);
    return `/api/applications/${body.application_token}`;
  }

  /** Creates a chat, in a new application if none is given, and returns its path. */
  async chat(name = 'Test', application?: string): Promise<string> {
    const path = application ?? (await this.application());
    const { status, body } = await this.post(`${path}/chats`, { chat_name: name });
    if (status !== 201) throw new Error(`no chat: ${status}`);
    return `${path}/chats/${body.chat_number}`;
  }

  async messages(chat: string, contents: readonly string[]): Promise<void> {
    const messages = contents.map((content) => ({ message_content: content }));
    const { status } = await this.post(`${chat}/messages/batch`, { messages });
    if (status !== 201) throw new Error(`no messages: ${status}`);
  }
}
