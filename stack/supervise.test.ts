import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { freePort } from '@parley/testing';
import { withLock } from './lock.ts';
import { hasListener, isReady } from './probe.ts';
import { birth, isAlive } from './process.ts';
import { type Service, StopOrder } from './service.ts';
import { NotReady, Supervisor } from './supervise.ts';

/** An app that is ready at once, records that it was asked to stop, and leaves a child behind when it is killed. */
const APP = `
  import { appendFileSync } from 'node:fs';
  const server = Bun.serve({ port: Number(process.env.PORT), hostname: '127.0.0.1', fetch: () => new Response('ok') });
  const child = Bun.spawn(['sleep', '600']);
  await Bun.write(process.env.CHILD_FILE, String(child.pid));
  process.on('SIGTERM', () => {
    appendFileSync(process.env.ORDER_FILE, process.env.NAME + ' ');
    child.kill();
    process.exit(0);
  });
`;

let folder: string;
let supervisor: Supervisor;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/parley-stack-`);
  writeFileSync(`${folder}/app.ts`, APP);
  writeFileSync(`${folder}/order`, '');
  supervisor = new Supervisor(folder);
});

afterEach(async () => {
  await supervisor.down();
  rmSync(folder, { recursive: true });
});

function app(name: string, more: Partial<Service> = {}): Service {
  const port = more.port ?? freePort();
  return {
    name,
    port,
    stopOrder: StopOrder.Creating,
    command: [process.execPath, `${folder}/app.ts`],
    env: { PORT: String(port), NAME: name, ORDER_FILE: `${folder}/order`, CHILD_FILE: `${folder}/child-${name}` },
    cwd: folder,
    configuration: '',
    prepare: async () => {},
    ...more,
  };
}

const pidOf = (name: string): number => supervisor.records.find(name)!.pid;
const childOf = (name: string): number => Number(readFileSync(`${folder}/child-${name}`, 'utf8'));

test('a second up leaves running programs alone, and starts those that have ended', async () => {
  const services = [app('api-1'), app('api-2')];
  await supervisor.up(services);
  const [first, second] = [pidOf('api-1'), pidOf('api-2')];
  await supervisor.up(services);
  expect([pidOf('api-1'), pidOf('api-2')]).toEqual([first, second]);
  process.kill(second, 'SIGKILL');
  await supervisor.up(services);
  expect(pidOf('api-1')).toBe(first);
  expect(pidOf('api-2')).not.toBe(second);
});

test('processes that a killed program left are ended before it is started again', async () => {
  const services = [app('worker-1')];
  await supervisor.up(services);
  const orphan = childOf('worker-1');
  process.kill(pidOf('worker-1'), 'SIGKILL');
  await supervisor.up(services);
  expect(birth(orphan)).toBeUndefined();
  expect(childOf('worker-1')).not.toBe(orphan);
});

test('what a program needs is ready before it is started; where that fails, it is not started', async () => {
  const needed = app('worker-1');
  let wasReady = false;
  const prepare = async () => {
    wasReady = await isReady('worker-1', needed.port);
  };
  await supervisor.up([app('api-1', { needs: ['worker-1'], prepare }), needed]);
  expect(wasReady).toBe(true);
  const dying = app('worker-2', { command: ['/bin/sh', '-c', 'exit 3'] });
  const failure = await supervisor.up([app('api-2', { needs: ['worker-2'] }), dying]).catch((error: unknown) => error);
  expect((failure as Error).message).toContain('worker-2 ended');
  expect(supervisor.records.find('api-2')).toBeUndefined();
});

test('only its owner can read a log', async () => {
  await supervisor.up([app('api-1')]);
  expect(statSync(`${folder}/logs/api-1.log`).mode & 0o777).toBe(0o600);
});

test('a program is restarted if its configuration has changed', async () => {
  const service = app('ingest-1');
  await supervisor.up([service]);
  const first = supervisor.records.find('ingest-1')!;
  await supervisor.up([{ ...service, configuration: 'changed' }]);
  expect(isAlive(first)).toBe(false);
  expect(pidOf('ingest-1')).not.toBe(first.pid);
});

test('down stops in order, and leaves no process and no record', async () => {
  await supervisor.up([app('worker-1', { stopOrder: StopOrder.Worker }), app('ingest-1')]);
  const pids = [pidOf('worker-1'), pidOf('ingest-1'), childOf('worker-1'), childOf('ingest-1')];
  await supervisor.down();
  expect(readFileSync(`${folder}/order`, 'utf8')).toBe('ingest-1 worker-1 ');
  expect(pids.map(birth)).toEqual([undefined, undefined, undefined, undefined]);
  expect(supervisor.records.all()).toEqual([]);
  await supervisor.down();
});

test('a program that ends at once is reported with the end of its log', async () => {
  const dying = app('api-1', { command: ['/bin/sh', '-c', 'echo the reason >&2; exit 3'] });
  const failure = await supervisor.up([dying]).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NotReady);
  expect((failure as Error).message).toContain('the reason');
});

test('if another program has a port, nothing is started', async () => {
  const stranger = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('ok') });
  const port = stranger.port ?? 0;
  const failure = await supervisor.up([app('api-1', { port })]).catch((error: unknown) => error);
  await stranger.stop(true);
  expect((failure as Error).message).toContain(`Port ${port}`);
  expect(supervisor.records.all()).toEqual([]);
});

test('a process that only has the pid of a record is not ours', async () => {
  await supervisor.up([app('api-1')]);
  const record = supervisor.records.find('api-1')!;
  expect(isAlive(record)).toBe(true);
  expect(isAlive({ ...record, bornAt: '1' })).toBe(false);
});

test('a process is gone only when its port is: its first thread may end before those that hold the sockets', async () => {
  for (let round = 0; round < 20; round++) {
    const port = freePort();
    const source = `Bun.serve({ port: ${port}, hostname: '127.0.0.1', fetch: () => new Response() });
      Buffer.alloc(100_000_000, 1);
      console.log('up');`;
    const child = Bun.spawn([process.execPath, '-e', source], { stdout: 'pipe' });
    await child.stdout.getReader().read();
    const bornAt = birth(child.pid) ?? '';
    child.kill('SIGKILL');
    while (isAlive({ pid: child.pid, bornAt })) {}
    expect(await hasListener(port)).toBe(false);
    await child.exited;
  }
});

test('the lock lets one in at a time, and is free again when its holder is killed', async () => {
  const path = `${folder}/lock`;
  const script = `import { withLock } from '${import.meta.dir}/lock.ts';
    await withLock('${path}', async () => { console.log('in'); await Bun.sleep(600_000); });`;
  const holder = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
  await holder.stdout.getReader().read();
  let waited = false;
  const entered = withLock(
    path,
    async () => 'entered',
    () => {
      waited = true;
      holder.kill('SIGKILL');
    },
  );
  expect(await entered).toBe('entered');
  expect(waited).toBe(true);
});
