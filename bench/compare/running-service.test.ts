import { afterAll, expect, test } from 'bun:test';
import { freePort, tellLeftOut } from '@parley/testing';
import { hasWrk, load } from '../load/load.ts';
import { RunningService } from './running-service.ts';
import { serviceOf } from './service-file.ts';

/** A service with applications, chats and messages. It forgets the messages of chats with an even number. */
function small() {
  const messages = new Map<string, string>();
  const seen = new Set<string>();
  let chats = 0;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    routes: {
      '/apps': { POST: () => Response.json({ data: { key: 'k 1' } }, { status: 201 }) },
      '/chats': {
        POST: (request) => {
          chats += 1;
          const { owner } = { owner: request.headers.get('authorization') };
          return Response.json({ id: chats }, { status: owner === 'Bearer k 1' ? 201 : 403 });
        },
      },
      '/chats/:chat': {
        PUT: async (request) => {
          seen.add(request.headers.get('authorization') ?? '');
          const chat = Number(request.params.chat);
          const { text } = (await request.json()) as { text: string };
          if (chat % 2 === 1) messages.set(`${chat}/1`, text);
          return Response.json({ number: 1 }, { status: text.startsWith('read back') || chat % 2 === 1 ? 201 : 202 });
        },
      },
      '/chats/:chat/:number': (request) => {
        const text = messages.get(`${request.params.chat}/${request.params.number}`);
        return text === undefined ? new Response(null, { status: 404 }) : Response.json({ text });
      },
    },
  });
  return { server, seen, url: `http://127.0.0.1:${server.port}` };
}

const { server, seen, url } = small();
afterAll(() => server.stop(true));

const headers = { authorization: 'Bearer {token}' };
const description = {
  name: 'small',
  url,
  application: { method: 'POST', path: '/apps', status: 201, token: 'data.key' },
  chat: { method: 'POST', path: '/chats', headers, status: 201, number: 'id' },
  message: { method: 'PUT', path: '/chats/{chat}', headers, body: { text: '{text}' }, status: 201, number: 'number' },
  read: { method: 'GET', path: '/chats/{chat}/{number}', headers, status: 200 },
};

test('a message is read back, and one that was acknowledged but not kept is missed', async () => {
  const service = await RunningService.start(serviceOf('s.json', description));
  const [kept, lost] = await service.newRooms(1, 2);
  expect(kept).toEqual({ token: 'k 1', chat: expect.any(String) });
  const [odd, even] = Number(kept!.chat) % 2 === 1 ? [kept!, lost!] : [lost!, kept!];
  expect(await service.createAndRead(odd)).toBeGreaterThan(0);
  await expect(service.createAndRead(even, 50)).rejects.toThrow('404 instead of 200');
});

if (!hasWrk()) tellLeftOut('what wrk sends and counts', 'there is no wrk');

test.skipIf(!hasWrk())('the load sends headers and bodies, and only the status of success counts', async () => {
  const service = await RunningService.start(serviceOf('s.json', description));
  const rooms = await service.newRooms(1, 2);
  seen.clear();
  const targets = service.targets(rooms);
  const done = await load({ url, connections: 2, targets, seconds: 1, status: service.status }, 'wrk');
  expect([...seen]).toEqual(['Bearer k 1']);
  // One of the two chats answers with 202.
  expect(Math.abs(done.count - (done.failed ?? 0))).toBeLessThanOrEqual(4);
});

test('a service without applications and chats has chats that count up', async () => {
  const { application: _, chat: __, read: ___, ...rest } = description;
  const service = await RunningService.start(
    serviceOf('s.json', { ...rest, message: { ...rest.message, headers: {} } }),
  );
  expect(await service.newRooms(1, 2)).toEqual([{ chat: '1' }, { chat: '2' }]);
  expect(await service.newRooms(1, 1)).toEqual([{ chat: '3' }]);
});

test('a program that ends before it is ready is an error, and so is an address that is taken', async () => {
  const start = (ready: string) =>
    RunningService.start(serviceOf('s.json', { ...description, start: { command: ['false'], ready } }));
  await expect(start('http://127.0.0.1:9/')).rejects.toThrow('small ended before it was ready (1)');
  await expect(start(`${url}/chats/1/1`)).rejects.toThrow('something else answers');
});

test('a service is ended together with the processes that it has started', async () => {
  // The shell answers nothing itself: its child does, and would outlive a shell that is ended alone.
  const port = freePort();
  const address = `http://127.0.0.1:${port}`;
  const program = `Bun.serve({ hostname: '127.0.0.1', port: ${port}, fetch: () => new Response('ok') }); setTimeout(process.exit, 30_000)`;
  const command = ['sh', '-c', '"$0" -e "$1" & wait', process.execPath, program];
  const service = await RunningService.start(
    serviceOf('s.json', {
      ...description,
      url: address,
      start: { command, ready: `${address}/`, readyWithinSeconds: 30 },
    }),
  );
  expect(service.pids.service).toBeGreaterThan(0);
  await service.end();
  await expect(fetch(address)).rejects.toThrow();
});
