import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { answersTo } from '../support/raw.ts';
import { type StandaloneProcess, startStandalone, temporaryFolder } from '../support/system.ts';

/** Clients that misbehave or use rare parts of HTTP. They must not fill the process's memory or delay other clients. */
describe('clients of the standalone', () => {
  let dataDir: string;
  let standalone: StandaloneProcess;
  let port: number;
  let messages: string;
  let page: string;
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${standalone.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.status).toBe(201);
    return response.json() as Promise<{ application_token: string }>;
  };

  beforeAll(async () => {
    dataDir = await temporaryFolder();
    standalone = await startStandalone(dataDir, { ALLOWED_HOSTS: 'a,api,web,127.0.0.1' });
    port = Number(new URL(standalone.url).port);
    const { application_token } = await post('/api/applications', { application_name: 'Large' });
    await post(`/api/applications/${application_token}/chats`, {});
    messages = `/api/applications/${application_token}/chats/1/messages`;
    page = `${messages}?limit=200`;
    const content = '\u{1f600}'.repeat(10_000);
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(Array.from({ length: 50 }, () => post(messages, { message_content: content })));
    }
    expect((await (await fetch(`${standalone.url}${page}`)).arrayBuffer()).byteLength).toBeGreaterThan(8_000_000);
  }, 60_000);
  afterAll(async () => {
    expect(await standalone.terminate()).toBe(0);
    await rm(dataDir, { recursive: true, force: true });
  });

  const megabytes = () => {
    const status = readFileSync(`/proc/${standalone.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  };

  /** Sends bytes on a new connection that never reads, and returns its local port. */
  const neverReading = async (bytes: string): Promise<number> => {
    const socket = { open: (own: Bun.Socket) => void own.pause(), data() {} };
    const connection = await Bun.connect({ hostname: '127.0.0.1', port, socket });
    connection.write(bytes);
    return connection.localPort;
  };

  test('60 clients that pipeline 150 pages of 8 MB each and never read take less than 300 MB, and are cut off', async () => {
    const request = `GET ${page} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const ports = await Promise.all(Array.from({ length: 60 }, () => neverReading(request.repeat(150))));
    let most = 0;
    let created = 0;
    const begun = performance.now();
    expect(establishedTo(port, ports)).toBe(60);
    while (establishedTo(port, ports) > 0) {
      most = Math.max(most, megabytes());
      expect(performance.now() - begun, 'they are cut off').toBeLessThan(45_000);
      const before = performance.now();
      await post(messages, { message_content: 'a usual one' });
      expect(performance.now() - before).toBeLessThan(2_000);
      created += 1;
      await Bun.sleep(50);
    }
    expect(most).toBeLessThan(300);
    expect(created).toBeGreaterThan(10);
    expect((await fetch(`${standalone.url}${page}`)).status).toBe(200);
  }, 60_000);

  test.each([
    ['says that it closes', 'Connection: close\r\n', false],
    ['sends nothing more', '', true],
  ])('a client that reads slowly and %s gets a large answer as a whole', async (_, field, halfClose) => {
    const expected = await (await fetch(`${standalone.url}${page}`)).bytes();
    const { promise: closed, resolve } = Promise.withResolvers<string>();
    const received: Buffer[] = [];
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      allowHalfOpen: true,
      socket: {
        data: (own, chunk) => {
          received.push(Buffer.from(chunk));
          own.pause();
          setTimeout(() => own.resume(), chunk.length / 1_600); // 1.6 MB/s: longer than a closing connection lingers
        },
        end: (own) => {
          own.end();
          resolve('ended');
        },
        close: (_, error) => resolve(error === undefined || error === null ? 'ended' : 'reset'),
        error: () => resolve('reset'),
      },
    });
    socket.write(`GET ${page} HTTP/1.1\r\nHost: a\r\n${field}\r\n`);
    if (halfClose) socket.shutdown();
    expect(await closed).toBe('ended');
    const all = Buffer.concat(received);
    expect(all.subarray(all.indexOf('\r\n\r\n') + 4).equals(expected)).toBe(true);
  });

  test('a large request arrives whole although the answer to the one before is not read yet', async () => {
    const batch = JSON.stringify({
      messages: Array.from({ length: 150 }, () => ({ message_content: 'z'.repeat(10_000) })),
    });
    const fields = `Host: a\r\nContent-Type: application/json\r\nContent-Length: ${batch.length}\r\nConnection: close`;
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const received: Buffer[] = [];
    let unsent = Buffer.from(
      `GET ${page} HTTP/1.1\r\nHost: a\r\n\r\nPOST ${messages}/batch HTTP/1.1\r\n${fields}\r\n\r\n${batch}`,
    );
    const send = (own: Bun.Socket) => {
      unsent = unsent.subarray(own.write(unsent));
    };
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (own) => void own.pause(),
        drain: send,
        data: (_, chunk) => void received.push(Buffer.from(chunk)),
        close: () => resolve(),
        error: () => resolve(),
      },
    });
    send(socket);
    await Bun.sleep(300); // the answer fills the socket's buffers, and the rest of the request waits
    socket.resume();
    await closed;
    const text = Buffer.concat(received).toString('latin1');
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 201']);
  });

  test.each(['a', 'api', 'web:80'])('may send the Host %s', async (host) => {
    const [answer] = await answersTo(port, `GET ${messages}/1 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(answer?.status).toBe(200);
  });

  test('may half-close after their last request, and get its answer', async () => {
    const answers = await answersTo(port, `GET ${messages}/200 HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(3), true);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test('of HTTP/1.0 may keep their connection alive', async () => {
    const once = `GET /healthz HTTP/1.0\r\n`;
    const answers = await answersTo(port, `${once}Connection: keep-alive\r\n\r\n${once}\r\n`);
    expect(answers.map(({ headers }) => headers.connection)).toEqual(['keep-alive', 'close']);
  });

  test('that wait for 100 Continue get it', async () => {
    const body = '{"message_content":"expected"}';
    const { promise, resolve } = Promise.withResolvers<string>();
    let text = '';
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (own, chunk) => {
          text += chunk.toString();
          if (text === 'HTTP/1.1 100 Continue\r\n\r\n') own.write(body);
        },
        close: () => resolve(text),
        error: () => resolve(text),
      },
    });
    const fields = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue`;
    socket.write(`POST ${messages} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n\r\n`);
    expect(await promise).toContain('HTTP/1.1 201 Created');
  });

  test('that stop in the middle of a request get a 400', async () => {
    const half = `POST ${messages} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345`;
    expect((await answersTo(port, half, true)).map(({ status }) => status)).toEqual([400]);
  });

  test('may send an empty line after a body, and it does not count as a request', async () => {
    const body = '{"message_content":"with a line behind it"}';
    const fields = `Host: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    const answers = await answersTo(port, `POST ${messages} HTTP/1.1\r\n${fields}\r\n\r\n${body}\r\n`, true);
    expect(answers.map(({ status }) => status)).toEqual([201]);
  });

  test('that never finish large requests lose them, and small requests of others arrive', async () => {
    const part = 'x'.repeat(2_000_000);
    const large = `POST ${messages}/batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2097152\r\n\r\n`;
    const held = Array.from({ length: 60 }, () => answersTo(port, large + part));
    const body = JSON.stringify({ message_content: 'y'.repeat(9_000) });
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const fields = `Host: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
      const { promise, resolve } = Promise.withResolvers<string>();
      const socket = await Bun.connect({
        hostname: '127.0.0.1',
        port,
        socket: { data: (_, chunk) => resolve(chunk.toString()), close: () => resolve(''), error: () => resolve('') },
      });
      socket.write(`POST ${messages} HTTP/1.1\r\n${fields}\r\n\r\n${body.slice(0, 4_000)}`);
      await Bun.sleep(20);
      socket.write(body.slice(4_000));
      expect(await promise).toStartWith('HTTP/1.1 201 ');
    }
    const statuses = (await Promise.all(held)).map(([answer]) => answer?.status);
    expect(new Set(statuses)).toEqual(new Set([503, 408])); // refused for want of memory, or timed out
  });

  test('that send far too much get a 413 while they still send', async () => {
    const bytes = 40 * 1024 * 1024;
    const head = `POST ${messages} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
    const [answer] = await answersTo(port, head + 'x'.repeat(1024 * 1024));
    expect(answer?.status).toBe(413);
  });
});

/** Counts the open connections to `port` from the ports `from`. */
function establishedTo(port: number, from: readonly number[]): number {
  const hex = (number: number) => `:${number.toString(16).toUpperCase().padStart(4, '0')}`;
  const peers = new Set(from.map(hex));
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, remote, state]) => local?.endsWith(hex(port)) && peers.has(remote?.slice(-5) ?? '') && state === '01',
    ).length;
}
