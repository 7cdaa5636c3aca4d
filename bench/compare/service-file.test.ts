import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { BadFile } from '../checked.ts';
import { filledBody, filledPath, readService, serviceOf, valueAt } from './service-file.ts';

const message = { method: 'POST', path: '/{chat}', body: { text: '{text}' }, status: 201 };
const service = { name: 'S', url: 'http://127.0.0.1:1', message };

/** Returns what is said about a description. */
function refusal(value: unknown): string {
  try {
    serviceOf('s.json', value);
  } catch (error) {
    if (error instanceof BadFile) return error.message;
    throw error;
  }
  return 'accepted';
}

test('the files in bench/services are descriptions', async () => {
  const folder = join(import.meta.dir, '../services');
  const names = [...new Bun.Glob('*.json').scanSync(folder)];
  expect(names).toContain('centrifugo.json');
  for (const name of names) expect((await readService(join(folder, name))).start?.cwd).toBe(folder);
});

test('a wrong description is refused with the name of the field', () => {
  expect(refusal(service)).toBe('accepted');
  const { url: _, ...withoutUrl } = service;
  expect(refusal(withoutUrl)).toBe('s.json: url is missing');
  expect(refusal({ ...service, url: 'http://127.0.0.1:1/api' })).toContain('s.json: url ');
  expect(refusal({ ...service, message: { ...message, status: '201' } })).toContain('s.json: message.status ');
  expect(refusal({ ...service, message: { ...message, method: 'SEND' } })).toContain('s.json: message.method ');
  expect(refusal({ ...service, chat: message })).toBe('s.json: chat.number is missing');
  expect(refusal({ ...service, messages: message })).toBe('s.json: there is no field messages');
  expect(refusal({ ...service, start: { command: ['x'] } })).toBe('s.json: start.ready is missing');
  expect(refusal(['S'])).toContain('s.json: the whole ');
});

test('a template can only have what is known when it is used', () => {
  const inBody = (text: string) => refusal({ ...service, message: { ...message, body: { deep: [{ text }] } } });
  expect(inBody('{text} {chat}')).toBe('accepted');
  expect(inBody('{text} {token}')).toBe('s.json: message.body has {token}, but {chat}, {text} are known there');
  expect(inBody('{txet}')).toContain('message.body has {txet}');
  expect(inBody('hello')).toContain('message has no {text}');
  const chat = { ...message, path: '/{chat}', number: 'id' };
  expect(refusal({ ...service, chat })).toBe('s.json: chat.path has {chat}, but nothing is known there');
  const read = { method: 'GET', path: '/{chat}/{number}', status: 200 };
  expect(refusal({ ...service, read })).toContain('read.path has {number}');
  expect(refusal({ ...service, read, message: { ...message, number: 'id' } })).toBe('accepted');
});

test('what is filled in is escaped as its place needs', () => {
  const values = { chat: 'a/b', text: 'say "hi"' };
  expect(filledPath('/chats/{chat}/messages', values)).toBe('/chats/a%2Fb/messages');
  const body = filledBody({ chat: '{chat}', list: [{ text: '<{text}>' }], count: 3, none: null }, values);
  expect(body).toEqual({ chat: 'a/b', list: [{ text: '<say "hi">' }], count: 3, none: null });
});

test('a token or number is found in an answer, and one that is not there is told', () => {
  expect(valueAt({ result: { id: 7 } }, 'result.id')).toBe('7');
  expect(valueAt({ items: [{ token: 'x' }] }, 'items.0.token')).toBe('x');
  expect(() => valueAt({ result: null }, 'result.id')).toThrow("at 'result.id'");
});
