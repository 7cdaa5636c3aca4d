/** Runs `docker compose` as a user runs it in a checkout, on the engine that bin/test-docker started. */
import { cpSync } from 'node:fs';
import type { TestCertificate } from '../support/certificate.ts';
import { ENGINE_ENVIRONMENT } from './engine.ts';

/** nginx's published ports. The engine has a network of its own, so any port is free. No other test uses these. */
const HTTP_PORT = 38_080;
export const HTTPS_PORT = 38_443;
/** The certificate for docker-compose.tls.yml, in the root folder of the engine. */
const TLS_FOLDER = '/run/parley-tls';
const PROJECT = 'parley-test';
export const URL_OF_NGINX = `http://127.0.0.1:${HTTP_PORT}`;

/**
 * Values for variables of docker-compose.yml, none of them the default. So a port or password that Compose passes on to
 * one place but not to another makes a test fail.
 */
export const VARIABLES = {
  HTTP_PORT: String(HTTP_PORT),
  HTTPS_PORT: String(HTTPS_PORT),
  TLS_CERT: `${TLS_FOLDER}/cert.pem`,
  TLS_KEY: `${TLS_FOLDER}/key.pem`,
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

/** Runs a docker command and returns its stdout. @throws if it fails, with stdout and stderr */
export async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

export async function tryDocker(...args: string[]): Promise<Ended> {
  const child = Bun.spawn(['chroot', engineRoot(), 'env', '--chdir=/repository', 'docker', ...args], {
    // COMPOSE_DISABLE_ENV_FILE: a developer's own .env must not change the tests.
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

/** Runs a command in a running container of a service and returns its stdout. */
export const inside = (service: string, ...command: string[]): Promise<string> =>
  compose('exec', '-T', service, ...command);

/**
 * All containers of the Compose project, running or not. Asks the engine, as Docker's client takes half a second to
 * start.
 */
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

/** Puts a certificate where TLS_CERT and TLS_KEY say, for all users to read. */
export function putCertificate({ folder }: TestCertificate): void {
  cpSync(folder, `${engineRoot()}${TLS_FOLDER}`, { recursive: true });
}

/** GETs a path of the Docker engine's API and returns the JSON. */
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
