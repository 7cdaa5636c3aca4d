/** nginx in front of the apps, with the configuration that Docker uses too: nginx/nginx.conf.template. */
import { chownSync, closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { insideRootfs, ROOTFS_ENVIRONMENT } from './chroot.ts';
import { type Service, type StackContext, StopOrder } from './service.ts';
import { SERVICE_USER, type Settings } from './settings.ts';
import { logFileOf, makeStateFolder } from './state-folder.ts';
import { readCertificate, tlsDirectives, writeCertificate } from './tls.ts';

/**
 * nginx lists each instance twice. After a failed connection it skips the first entry for a second or two, which saves
 * requests from trying it. While instances are restarted one after the other, all first entries may be skipped, even of
 * instances that are back: then nginx uses the backup entries.
 */
const UPSTREAM_PARAMETERS = ['max_fails=1 fail_timeout=1s', 'max_fails=0 backup'];

export function nginxService({ settings, installation }: StackContext): Service {
  const { repository, stateDir } = settings;
  const included = includedByNginx(repository);
  const configuration = renderNginx(repository, nginxVariables(settings));
  const certificate = settings.tls && readCertificate(settings.tls);
  return {
    name: 'nginx',
    port: settings.ports.nginx,
    stopOrder: StopOrder.Front,
    // Lets requests finish; TERM would cut them off.
    stopSignal: 'SIGQUIT',
    command: insideRootfs(installation, stateDir, ['nginx', '-e', 'stderr', '-c', '/stack/nginx/nginx.conf']),
    env: ROOTFS_ENVIRONMENT,
    cwd: stateDir,
    configuration: [configuration, ...Object.values(included), certificate?.fingerprint ?? ''].join(''),
    prepare: async () => {
      const folder = makeStateFolder(stateDir, 'nginx');
      writeFileSync(`${folder}/nginx.conf`, configuration);
      for (const [file, text] of Object.entries(included)) writeFileSync(`${folder}/${file}`, text);
      if (certificate !== undefined) writeCertificate(folder, certificate);
      const accessLog = logFileOf(stateDir, 'nginx-access');
      closeSync(openSync(accessLog, 'a'));
      chownSync(accessLog, SERVICE_USER.uid, SERVICE_USER.gid);
    },
  };
}

export function nginxVariables(settings: Settings): Record<string, string> {
  const { ports, instances, nginxRateLimit, nginxConnections, nginxAllowedHosts, nginxLogAddresses } = settings;
  return {
    NGINX_LISTEN: listenAddresses(settings, ports.nginx).join('; listen '),
    NGINX_STATUS_LISTEN: `127.0.0.1:${ports.nginxStatus}`,
    NGINX_RUN: '/stack/nginx',
    NGINX_INCLUDES: '/stack/nginx',
    NGINX_ACCESS_LOG: '/stack/logs/nginx-access.log',
    NGINX_ERROR_LOG: 'stderr',
    NGINX_RESOLVER: '',
    NGINX_INGEST_SERVERS: upstreamServers(ports.ingest, instances.ingest),
    NGINX_API_SERVERS: upstreamServers(ports.api, instances.api),
    NGINX_RATE_LIMIT: nginxRateLimit.on ? 'on' : 'off',
    NGINX_RATE_PER_SECOND: String(nginxRateLimit.perSecond),
    NGINX_RATE_BURST: String(nginxRateLimit.burst),
    NGINX_CONNECTIONS_PER_ADDRESS: String(nginxConnections),
    NGINX_ALLOWED_HOSTS: nginxAllowedHosts,
    NGINX_LOG_ADDRESSES: nginxLogAddresses,
    NGINX_CORS_ORIGINS: settings.corsOrigins,
    NGINX_TLS: tlsLines(settings),
    NGINX_HTTPS_PORT: settings.tls === undefined ? '' : String(settings.tls.port),
  };
}

/** For `localhost` nginx listens on 127.0.0.1, and on ::1 if the machine has that. */
function listenAddresses({ nginxHost }: Settings, port: number): string[] {
  if (nginxHost !== 'localhost') return [`${nginxHost}:${port}`];
  const ipv6 = networkInterfaces().lo?.some(({ address }) => address === '::1') ?? false;
  return [`127.0.0.1:${port}`, ...(ipv6 ? [`[::1]:${port}`] : [])];
}

function tlsLines(settings: Settings): string {
  if (settings.tls === undefined) return '';
  return tlsDirectives(listenAddresses(settings, settings.tls.port), '/stack/nginx');
}

function upstreamServers(firstPort: number, count: number): string {
  return serverLines(Array.from({ length: count }, (_, i) => `127.0.0.1:${firstPort + i}`));
}

/** Returns the servers of an upstream group of nginx; docker-compose.yml has the same parameters. */
export function serverLines(addresses: readonly string[]): string {
  return UPSTREAM_PARAMETERS.flatMap((each) => addresses.map((address) => `server ${address} ${each};`)).join(' ');
}

/** Returns the files that the template includes: their texts by name. */
export function includedByNginx(repository: string): Readonly<Record<string, string>> {
  const files = readdirSync(`${repository}/nginx`).filter((file) => file.endsWith('.conf'));
  return Object.fromEntries(files.map((file) => [file, readFileSync(`${repository}/nginx/${file}`, 'utf8')]));
}

/**
 * Returns the template with its variables filled in, as the official image does it.
 * @throws if a variable has no value: nginx would take its name for text
 */
export function renderNginx(repository: string, variables: Readonly<Record<string, string>>): string {
  const template = readFileSync(`${repository}/nginx/nginx.conf.template`, 'utf8');
  return template.replace(/\$\{(NGINX_\w+)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`nginx.conf.template has an unknown variable: ${name}`);
    return value;
  });
}
