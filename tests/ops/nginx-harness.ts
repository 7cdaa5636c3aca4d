/**
 * Runs the project's nginx configuration on free ports, in front of upstreams that a test serves in place of the apps.
 */

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { insideRootfs, ROOTFS_ENVIRONMENT } from '@parley/stack/chroot';
import { install } from '@parley/stack/install/install';
import { includedByNginx, renderNginx, serverLines } from '@parley/stack/nginx';
import { birth, launch, type ProcessRecord, stop } from '@parley/stack/process';
import { readSettings, type TlsFiles } from '@parley/stack/settings';
import { makeStateFolder } from '@parley/stack/state-folder';
import { readCertificate, tlsDirectives, writeCertificate } from '@parley/stack/tls';
import { freePort, until } from '@parley/testing';

const REPOSITORY = resolve(import.meta.dir, '../..');
const READY_WITHIN_MS = 10_000;
const STOP_WITHIN_MS = 7_000;

export interface Nginx {
  readonly port: number;
  readonly statusPort: number;
  /** The port of HTTPS, where `tls` is given. */
  readonly httpsPort: number;
  readonly accessLog: () => string;
  readonly errorLog: () => string;
  readonly stop: () => Promise<void>;
}

export interface NginxOptions {
  readonly ingestPorts: readonly number[];
  readonly apiPorts: readonly number[];
  readonly variables?: Record<string, string>;
  readonly tls?: TlsFiles;
  /** Lines that an operator adds to the server block, before `location /`. */
  readonly rules?: string;
}

export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const installation = await install(readSettings(process.env, REPOSITORY));
  const folder = mkdtempSync(`${tmpdir()}/parley-nginx-`);
  chmodSync(folder, 0o755);
  makeStateFolder(folder, 'nginx');
  const port = freePort();
  const statusPort = freePort();
  const httpsPort = freePort();
  const configuration = renderNginx(REPOSITORY, {
    NGINX_LISTEN: `127.0.0.1:${port}`,
    NGINX_STATUS_LISTEN: `127.0.0.1:${statusPort}`,
    NGINX_RUN: '/stack/nginx',
    NGINX_INCLUDES: '/stack/nginx',
    NGINX_ACCESS_LOG: '/stack/nginx/access.log',
    NGINX_ERROR_LOG: 'stderr',
    NGINX_RESOLVER: '',
    NGINX_INGEST_SERVERS: servers(options.ingestPorts),
    NGINX_API_SERVERS: servers(options.apiPorts),
    NGINX_RATE_LIMIT: 'off',
    NGINX_RATE_PER_SECOND: '100',
    NGINX_RATE_BURST: '200',
    NGINX_CONNECTIONS_PER_ADDRESS: '2000',
    NGINX_ALLOWED_HOSTS: '',
    NGINX_LOG_ADDRESSES: 'short',
    NGINX_CORS_ORIGINS: '',
    NGINX_TLS: options.tls === undefined ? '' : tlsDirectives([`127.0.0.1:${httpsPort}`], '/stack/nginx'),
    NGINX_HTTPS_PORT: options.tls === undefined ? '' : String(httpsPort),
    ...options.variables,
  });
  const withRules = configuration.replace('    location / {', `${options.rules ?? ''}\n    location / {`);
  writeFileSync(`${folder}/nginx/nginx.conf`, withRules);
  for (const [file, text] of Object.entries(includedByNginx(REPOSITORY)))
    writeFileSync(`${folder}/nginx/${file}`, text);
  if (options.tls !== undefined) writeCertificate(`${folder}/nginx`, readCertificate(options.tls));
  const logFile = `${folder}/nginx.log`;
  const command = insideRootfs(installation, folder, ['nginx', '-e', 'stderr', '-c', '/stack/nginx/nginx.conf']);
  const pid = launch({ command, env: ROOTFS_ENVIRONMENT, cwd: folder, logFile });
  const bornAt = birth(pid) ?? 'gone';
  const record: ProcessRecord = {
    ...{ name: 'nginx', pid, bornAt, session: pid, sessionBornAt: bornAt, port },
    ...{ stopOrder: 0, stopSignal: 'SIGQUIT', fingerprint: '' },
  };
  await until(
    'nginx is ready',
    async () => {
      if (birth(pid) !== bornAt) throw new Error(`nginx ended: ${readFileSync(logFile, 'utf8')}`);
      return fetch(`http://127.0.0.1:${port}/healthz`).then(
        (response) => response.ok,
        () => false,
      );
    },
    READY_WITHIN_MS,
  );
  return {
    port,
    statusPort,
    httpsPort,
    accessLog: () => readFileSync(`${folder}/nginx/access.log`, 'utf8'),
    errorLog: () => readFileSync(logFile, 'utf8'),
    stop: async () => {
      await stop(record, STOP_WITHIN_MS);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function servers(ports: readonly number[]): string {
  return serverLines(ports.map((port) => `127.0.0.1:${port}`));
}

/** A request as an upstream saw it. The upstream returns it as its answer. */
export interface Echo {
  readonly app: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

export interface Upstream {
  readonly port: number;
  readonly seen: () => number;
  readonly stop: () => void;
}

/** Starts an upstream that answers each request with an Echo of it, or with what `answer` returns. */
export function echoUpstream(
  app: string,
  answer?: (request: Request) => Response | undefined,
  wantedPort = 0,
): Upstream {
  let seen = 0;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: wantedPort,
    maxRequestBodySize: 8 * 1024 * 1024,
    fetch: async (request) => {
      seen += 1;
      const own = answer?.(request);
      if (own !== undefined) return own;
      const { pathname, search } = new URL(request.url);
      const headers = Object.fromEntries(request.headers);
      const body = await request.text();
      return Response.json({ app, method: request.method, path: pathname + search, body, headers } satisfies Echo);
    },
  });
  return { port: server.port ?? 0, seen: () => seen, stop: () => void server.stop(true) };
}

/** Starts an upstream that reads each request, then never answers (`hangs`) or breaks the connection (`dies`). */
export function silentUpstream(manner: 'dies' | 'hangs'): Upstream {
  let seen = 0;
  const listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data: (socket, bytes) => {
        if (/^[A-Z]+ \//.test(bytes.toString('latin1'))) seen += 1;
        if (manner === 'dies') socket.terminate();
      },
    },
  });
  return { port: listener.port, seen: () => seen, stop: () => listener.stop(true) };
}
