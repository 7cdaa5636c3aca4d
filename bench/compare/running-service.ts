/** A described service that runs: its chats, the requests that a load sends it, and a message that is read back. */
import { until } from '@parley/testing';
import { ended, launched } from '../children.ts';
import type { Target } from '../load/load.ts';
import { randomFrom, textOf } from '../texts.ts';
import { filled, filledBody, filledPath, type Service, type Step, type Values, valueAt } from './service-file.ts';

const READY_WITHIN_SECONDS = 60;
const ANSWER_WITHIN_MS = 10_000;
/** A message may be acknowledged before it can be read: what the load has sent may have to be stored first. */
const READABLE_WITHIN_MS = 30_000;

/** A chat, as the templates need it. */
type Room = Values & { readonly chat: string };

export class RunningService {
  readonly #service: Service;
  readonly #child: Bun.Subprocess | undefined;
  /** For services without chats of their own: {chat} is unique all the same. */
  #counted = 0;

  private constructor(service: Service, child: Bun.Subprocess | undefined) {
    this.#service = service;
    this.#child = child;
  }

  /** Starts the service, if its file tells how. @throws if it ends, or is not ready in time */
  static async start(service: Service): Promise<RunningService> {
    if (service.start === undefined) return new RunningService(service, undefined);
    const { command, cwd, env = {}, ready, readyWithinSeconds = READY_WITHIN_SECONDS } = service.start;
    if (await answers(ready)) throw new Error(`${service.name}: something else answers at ${ready}`);
    const child = launched(command, { ...process.env, ...env }, 'ignore', cwd);
    const running = new RunningService(service, child);
    try {
      const done = async () => hasEnded(child) || (await answers(ready));
      await until(`${service.name} answers at ${ready}`, done, readyWithinSeconds * 1_000);
      if (hasEnded(child))
        throw new Error(`${service.name} ended before it was ready (${child.exitCode ?? child.signalCode})`);
      return running;
    } catch (error) {
      await running.end();
      throw error;
    }
  }

  /** Ends the service with its processes, if this started it. */
  async end(): Promise<void> {
    if (this.#child !== undefined) await ended(this.#child);
  }

  get name(): string {
    return this.#service.name;
  }

  get url(): string {
    return this.#service.url;
  }

  /** The status that a create is answered with. */
  get status(): number {
    return this.#service.message.status;
  }

  get hasApplications(): boolean {
    return this.#service.application !== undefined;
  }

  get isReadable(): boolean {
    return this.#service.read !== undefined;
  }

  /** The process that was started, for its CPU and memory; none if the service ran already. */
  get pids(): Readonly<Record<string, number>> {
    return this.#child === undefined ? {} : { service: this.#child.pid };
  }

  /** Creates chats in new applications: the first chat of each application, then the second ones… */
  async newRooms(applications: number, chatsEach: number): Promise<Room[]> {
    const rooms: Room[][] = Array.from({ length: chatsEach }, () => []);
    for (let index = 0; index < applications; index += 1) {
      const { application } = this.#service;
      const owner = application && { token: valueAt(await this.#json(application, {}), application.token) };
      for (const row of rooms) row.push({ ...owner, chat: await this.#newChat(owner ?? {}) });
    }
    return rooms.flat();
  }

  async #newChat(owner: Values): Promise<string> {
    const { chat } = this.#service;
    this.#counted += 1;
    return chat === undefined ? String(this.#counted) : valueAt(await this.#json(chat, owner), chat.number);
  }

  /** Returns single creates, one for each chat, with the texts that all services get. */
  targets(rooms: readonly Room[]): Target[] {
    const random = randomFrom(11);
    return rooms.map((room) => this.#target(this.#service.message, { ...room, text: textOf(random) }));
  }

  /**
   * Creates a message and reads it until it is there. Without `read` in the file it is only created.
   * @returns the milliseconds until it was readable
   * @throws if the answer is not success, or the message is not readable within `withinMs` (30 s)
   */
  async createAndRead(room: Room, withinMs = READABLE_WITHIN_MS): Promise<number> {
    const { message, read } = this.#service;
    const text = `read back ${crypto.randomUUID()}`;
    const answer = await this.#text(message, { ...room, text });
    const since = performance.now();
    if (read === undefined) return 0;
    const number = message.number && { number: valueAt(JSON.parse(answer), message.number) };
    const isThere = async () => (await this.#text(read, { ...room, ...number, text })).includes(text);
    await until(`${this.name} returns a message that it has acknowledged`, isThere, withinMs);
    return performance.now() - since;
  }

  #target({ method, path, headers = {}, body }: Step, values: Values): Target {
    const named = Object.entries(headers).map(([name, value]) => [name, filled(value, values)] as const);
    const typed = body === undefined || named.some(([name]) => name.toLowerCase() === 'content-type');
    return {
      method,
      path: filledPath(path, values),
      headers: { ...(!typed && { 'Content-Type': 'application/json' }), ...Object.fromEntries(named) },
      ...(body !== undefined && { body: JSON.stringify(filledBody(body, values)) }),
    };
  }

  async #json(step: Step, values: Values): Promise<unknown> {
    return JSON.parse(await this.#text(step, values));
  }

  /** Sends one request. @throws if its status is not the one of success */
  async #text(step: Step, values: Values): Promise<string> {
    const { path, ...request } = this.#target(step, values);
    const response = await fetch(`${this.url}${path}`, { ...request, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const text = await response.text();
    if (response.status === step.status) return text;
    const told = `${response.status} instead of ${step.status}: ${text.slice(0, 200)}`;
    throw new Error(`${this.name}: ${step.method} ${path} was answered with ${told}`);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).ok;
  } catch {
    return false; // nothing listens, or it is not ready yet
  }
}

const hasEnded = ({ exitCode, signalCode }: Bun.Subprocess): boolean => exitCode !== null || signalCode !== null;
