import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandFailed, type Terminal } from './command.ts';
import { askStandalone, type CommandSocket, type DoCommand, serveCommands, whyNotAsked } from './socket.ts';

let folder: string;
let socket: CommandSocket | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-socket-'));
  socket = undefined;
});
afterEach(async () => {
  await socket?.stop();
  rmSync(folder, { recursive: true });
});

const path = () => join(folder, 'parley.sock');

function paper(): { terminal: Terminal; lines: string[] } {
  const lines: string[] = [];
  const input = async (): Promise<string> => {
    throw new Error('the input was sent along');
  };
  return {
    terminal: { out: (line) => void lines.push(`out ${line}`), err: (line) => void lines.push(`err ${line}`), input },
    lines,
  };
}

const echo: DoCommand = async (args, { out, err, input }) => {
  out(args.join(' '));
  err(await input());
  return 7;
};

test('the lines and the exit code come back in their order', async () => {
  socket = serveCommands(folder, echo);
  const { terminal, lines } = paper();
  expect(await askStandalone(folder, { args: ['a', 'b'], input: 'typed' }, terminal)).toBe(7);
  expect(lines).toEqual(['out a b', 'err typed']);
});

test('only the owner may use the socket, whatever the umask is, and it is gone after the stop', async () => {
  const before = process.umask(0);
  try {
    socket = serveCommands(folder, echo);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(0);
  } finally {
    process.umask(before);
  }
  await socket.stop();
  await socket.stop();
  expect(existsSync(path())).toBe(false);
});

test('without a process there is nobody to ask, also where a killed one has left its socket', async () => {
  const { terminal } = paper();
  expect(await askStandalone(folder, { args: [], input: '' }, terminal)).toBeUndefined();
  await killedHolder();
  expect(existsSync(path())).toBe(true);
  expect(await askStandalone(folder, { args: [], input: '' }, terminal)).toBeUndefined();
});

test('the socket of a killed process is replaced', async () => {
  await killedHolder();
  chmodSync(path(), 0o666);
  socket = serveCommands(folder, echo);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(await askStandalone(folder, { args: [], input: '' }, paper().terminal)).toBe(7);
});

async function killedHolder(): Promise<void> {
  const program = `Bun.serve({ unix: process.argv[1], fetch: () => new Response() }); process.kill(process.pid, 'SIGKILL');`;
  await Bun.spawn([process.execPath, '-e', program, path()], { stdio: ['ignore', 'ignore', 'inherit'] }).exited;
}

test('a file that is no socket is left alone', () => {
  writeFileSync(path(), 'kept');
  expect(() => serveCommands(folder, echo)).toThrow('is no socket');
  expect(existsSync(path())).toBe(true);
});

test('at a path that is too long for a socket there is nobody to ask, and both ends can say why', async () => {
  const long = join(folder, 'x'.repeat(100));
  expect(() => serveCommands(long, echo)).toThrow(/has 1\d\d bytes, but may have 103 at most/);
  expect(await askStandalone(long, { args: [], input: '' }, paper().terminal)).toBeUndefined();
  expect(whyNotAsked(long)).toContain('a DATA_DIR with a shorter path');
});

test('what is too large, and what is no command, is refused', async () => {
  socket = serveCommands(folder, echo);
  const large = askStandalone(folder, { args: [], input: 'x'.repeat(70_000) }, paper().terminal);
  await expect(large).rejects.toThrow(CommandFailed);
  for (const body of ['', '{}', '{"args":[1],"input":""}', 'null', '[]']) {
    const answer = await fetch('http://localhost/', { unix: path(), method: 'POST', body });
    expect([body, answer.status]).toEqual([body, 400]);
  }
});

test('an error of the process is not shown to the one who asks', async () => {
  socket = serveCommands(folder, async () => {
    throw new Error('a detail');
  });
  const { terminal, lines } = paper();
  expect(await askStandalone(folder, { args: [], input: '' }, terminal)).toBe(1);
  expect(lines).toEqual(['err The standalone failed; the error is in its log.']);
});

test('a request that does not end, and a command that takes too long, are answered all the same', async () => {
  const endless: DoCommand = () => new Promise<number>(() => {});
  socket = serveCommands(folder, endless, { requestMs: 50, commandMs: 50 });
  const { terminal, lines } = paper();
  expect(await askStandalone(folder, { args: [], input: '' }, terminal)).toBe(1);
  expect(lines).toEqual(['err The standalone takes too long. Whether the command was done is not known.']);
  const answered = Promise.withResolvers<string>();
  const connection = await Bun.connect({
    unix: path(),
    socket: { data: (_, bytes) => answered.resolve(bytes.toString()), close: () => answered.resolve('closed') },
  });
  connection.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf');
  expect(await answered.promise).toStartWith('HTTP/1.1 400');
  connection.end();
});
