/**
 * The JSON file that describes another service for `bun run bench compare`: how it is started, and how an application,
 * a chat and a message are created and a message is read. bench/services/ has such files.
 *
 * `path`, `headers` and `body` are templates. They may have {token} (of the application), {chat} (the chat's number or
 * name), {number} (of the message, only to read it) and {text} (of the message). `token` and `number` say where the
 * answer has them: `result.id` is the field `id` of `result`. Steps that a service does not have are left out; without
 * `chat`, {chat} is a number that counts up.
 */
import { dirname, resolve } from 'node:path';
import { type Static, Type } from 'typebox';
import { BadFile, checked, readChecked } from '../checked.ts';

const closed = { additionalProperties: false };
const Texts = Type.Record(Type.String(), Type.String());
const Address = Type.String({ pattern: '^http://[^/]+(/.*)?$' });
const JsonPath = Type.String({ minLength: 1 });

const step = {
  method: Type.Enum(['GET', 'POST', 'PUT', 'PATCH']),
  path: Type.String({ pattern: '^/' }),
  headers: Type.Optional(Texts),
  /** Sent as JSON; the texts in it are templates. */
  body: Type.Optional(Type.Unknown()),
  /** The status of success. Every other one is a failure. */
  status: Type.Integer({ minimum: 200, maximum: 299 }),
};

const StepSchema = Type.Object(step, closed);
export type Step = Static<typeof StepSchema>;

const ServiceSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    /** Scheme, host and port. */
    url: Type.String({ pattern: '^http://[^/]+$' }),
    /** Without it, the service runs already, and its CPU is not measured. */
    start: Type.Optional(
      Type.Object(
        {
          command: Type.Array(Type.String(), { minItems: 1 }),
          /** Relative to the file's folder, which is also the default. */
          cwd: Type.Optional(Type.String()),
          env: Type.Optional(Texts),
          /** It has started when this address answers with a 2xx. */
          ready: Address,
          readyWithinSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 3_600 })),
        },
        closed,
      ),
    ),
    application: Type.Optional(Type.Object({ ...step, token: JsonPath }, closed)),
    chat: Type.Optional(Type.Object({ ...step, number: JsonPath }, closed)),
    message: Type.Object({ ...step, number: Type.Optional(JsonPath) }, closed),
    /** The answer must contain the message's text. */
    read: Type.Optional(StepSchema),
  },
  closed,
);

export type Service = Static<typeof ServiceSchema>;

/** The values for the templates' names. */
export type Values = Readonly<Partial<Record<'token' | 'chat' | 'number' | 'text', string>>>;

/** @throws {BadFile} with the field that is missing or wrong */
export async function readService(file: string): Promise<Service> {
  return completed(file, await readChecked(file, ServiceSchema));
}

/** Checks the description of a service. `file` is for messages, and for relative paths. @throws {BadFile} */
export function serviceOf(file: string, value: unknown): Service {
  return completed(file, checked(file, value, ServiceSchema));
}

/** Checks what the schema cannot, and makes the folder absolute. */
function completed(file: string, service: Service): Service {
  const { application, chat, message, read, start } = service;
  const token = application === undefined ? [] : ['token'];
  namesIn(file, 'application', application, []);
  namesIn(file, 'chat', chat, token);
  const used = namesIn(file, 'message', message, [...token, 'chat', 'text']);
  if (!used.has('text')) throw new BadFile(`${file}: message has no {text}: each service is sent the same texts`);
  namesIn(file, 'read', read, [...token, 'chat', 'text', ...(message.number === undefined ? [] : ['number'])]);
  if (start === undefined) return service;
  return { ...service, start: { ...start, cwd: resolve(dirname(file), start.cwd ?? '.') } };
}

/** Returns the names in the templates of a step. @throws {BadFile} if it has one that is not in `known` */
function namesIn(file: string, name: string, found: Step | undefined, known: readonly string[]): Set<string> {
  const used = new Set<string>();
  for (const field of ['path', 'headers', 'body'] as const) {
    for (const [, of = ''] of JSON.stringify(found?.[field] ?? '').matchAll(NAME)) {
      if (!known.includes(of)) {
        const there = known.length === 0 ? 'nothing is' : `${known.map((each) => `{${each}}`).join(', ')} are`;
        throw new BadFile(`${file}: ${name}.${field} has {${of}}, but ${there} known there`);
      }
      used.add(of);
    }
  }
  return used;
}

const NAME = /\{(\w+)\}/g;

/** Fills a template of a header or a body. */
export const filled = (template: string, values: Values): string =>
  template.replaceAll(NAME, (whole, name: keyof Values) => values[name] ?? whole);

/** Fills the texts in a body, so that what is filled in becomes proper JSON. */
export function filledBody(body: unknown, values: Values): unknown {
  if (typeof body === 'string') return filled(body, values);
  if (Array.isArray(body)) return body.map((each) => filledBody(each, values));
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, filledBody(value, values)]));
}

/** Fills a path, and escapes what is filled in. */
export const filledPath = (template: string, values: Values): string =>
  template.replaceAll(NAME, (whole, name: keyof Values) => encodeURIComponent(values[name] ?? whole));

/** Returns the text or number at a path such as `result.id` of an answer. @throws if there is none */
export function valueAt(answer: unknown, path: string): string {
  const found = path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  }, answer);
  if (typeof found === 'string' || typeof found === 'number') return String(found);
  throw new Error(`the answer has no text or number at '${path}': ${JSON.stringify(answer)?.slice(0, 200)}`);
}
