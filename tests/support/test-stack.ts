/** The system that bin/test-stack started: PARLEY_URL, MYSQL_URL and so on are its addresses. */
import { resolve } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { Client } from './client.ts';

const REPOSITORY = resolve(import.meta.dir, '../..');
/** The command that starts the system. TEST_STACK names another one if the ports of bin/test-stack are taken. */
const STACK = process.env.TEST_STACK ?? 'bin/test-stack';

/** A running program, as `bin/stack status` lists it. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

/** Runs bin/test-stack and returns what it prints. Throws if it fails. */
export async function stack(...args: string[]): Promise<string> {
  const child = Bun.spawn([STACK, ...args], { cwd: REPOSITORY, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
  const [said, status] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  if (status !== 0) throw new Error(`${STACK} ${args.join(' ')} failed: ${said}`);
  return said;
}

export async function programs(): Promise<readonly Program[]> {
  return JSON.parse(await stack('status', '--json')) as Program[];
}

export async function program(name: string): Promise<Program> {
  const found = (await programs()).find((each) => each.name === name);
  if (found === undefined) throw new Error(`${name} does not run`);
  return found;
}

/** A client of the system, through nginx. */
export function connect(): Promise<Client> {
  return Client.connect(addressOf('PARLEY_URL'));
}

export function connectMysql(): Promise<Connection> {
  return createConnection({ uri: addressOf('MYSQL_URL'), timezone: 'Z' });
}

function addressOf(variable: 'PARLEY_URL' | 'MYSQL_URL'): string {
  const address = process.env[variable];
  if (address === undefined) throw new Error(`${variable} must be an address of the system`);
  return address;
}
