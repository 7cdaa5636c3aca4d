/** `docker compose` as somebody would run it in a checkout, on the engine that bin/test-docker has started. */
import { ENGINE_ENVIRONMENT } from './engine.ts';

/** Nobody else is in our network, so any port is free; this one is none of those that other tests use. */
const HTTP_PORT = 38_080;
const PROJECT = 'parley-test';
export const URL_OF_NGINX = `http://127.0.0.1:${HTTP_PORT}`;

/** Other passwords than the default ones, so that one which is not handed on is noticed. */
export const VARIABLES = {
  HTTP_PORT: String(HTTP_PORT),
  MYSQL_PASSWORD: 'secret-of-mysql',
  MYSQL_MIGRATION_PASSWORD: 'secret-of-migration',
  RABBITMQ_PASSWORD: 'secret-of-rabbitmq',
  ELASTICSEARCH_HEAP_MB: '384',
} as const;

export interface Container {
  readonly service: string;
  readonly id: string;
  readonly state: string;
  readonly healthy: boolean;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What it printed. @throws where it does not end with 0, with all that it said. */
export async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

export async function tryDocker(...args: string[]): Promise<Ended> {
  const child = Bun.spawn(['chroot', engineRoot(), 'env', '--chdir=/repository', 'docker', ...args], {
    // A .env of whoever runs the tests is not theirs.
    env: { ...ENGINE_ENVIRONMENT, ...VARIABLES, COMPOSE_DISABLE_ENV_FILE: 'true', COMPOSE_PROJECT_NAME: PROJECT },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

export const compose = (...args: string[]): Promise<string> => docker('compose', '--ansi', 'never', ...args);

/** A command in a running container of a service. */
export const inside = (service: string, ...command: string[]): Promise<string> =>
  compose('exec', '-T', service, ...command);

/** All containers of the project, running or not. Asked from the engine itself: a client's start takes half a second. */
export async function containers(): Promise<Container[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${PROJECT}`] }));
  const all = (await engine(`/containers/json?all=true&filters=${filters}`)) as ListedContainer[];
  return all.map(({ Id, State, Status, Labels }) => ({
    service: Labels['com.docker.compose.service'] ?? '',
    id: Id,
    state: State,
    healthy: Status.endsWith('(healthy)'),
  }));
}

interface ListedContainer {
  readonly Id: string;
  readonly State: string;
  readonly Status: string;
  readonly Labels: Record<string, string>;
}

/** What the engine's API answers to a GET. */
export async function engine(path: string): Promise<unknown> {
  const response = await fetch(`http://engine${path}`, { unix: `${engineRoot()}/run/docker.sock` });
  if (!response.ok) throw new Error(`the engine answers ${path} with ${response.status} ${await response.text()}`);
  return response.json();
}

function engineRoot(): string {
  const root = process.env.TEST_ENGINE_ROOT;
  if (root === undefined) throw new Error('There is no engine: bin/test-docker starts these tests.');
  return root;
}
