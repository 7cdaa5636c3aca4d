/** RabbitMQ, and epmd, the port mapper that every Erlang node needs. Each stack has its own epmd. */

import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { insideRootfs, ROOTFS_ENVIRONMENT } from '../chroot.ts';
import { type Service, type StackContext, StopOrder } from '../service.ts';
import { CREDENTIALS, SERVICE_USER, type Settings } from '../settings.ts';
import { makeStateFolder } from '../state-folder.ts';

/** The environment of the stack's Erlang programs: the broker and its command-line tools. */
export function rabbitmqEnvironment({ ports }: Settings): Record<string, string> {
  return {
    ...ROOTFS_ENVIRONMENT,
    HOME: '/stack/rabbitmq',
    RABBITMQ_NODENAME: 'rabbit@localhost',
    RABBITMQ_MNESIA_BASE: '/stack/rabbitmq/data',
    RABBITMQ_LOG_BASE: '/stack/rabbitmq/log',
    RABBITMQ_LOGS: '-',
    RABBITMQ_ENABLED_PLUGINS_FILE: '/stack/rabbitmq/enabled_plugins',
    RABBITMQ_CONFIG_FILE: '/stack/rabbitmq/rabbitmq.conf',
    RABBITMQ_CONF_ENV_FILE: '/stack/rabbitmq/no-rabbitmq-env.conf',
    RABBITMQ_PID_FILE: '/stack/rabbitmq/rabbitmq.pid',
    RABBITMQ_DIST_PORT: String(ports.rabbitmqDist),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports.epmd),
    // By default, a node (and each tool while it runs) listens for other nodes on all addresses. It also starts an epmd
    // if it finds none, in a separate session that `down` would not find.
    ERL_AFLAGS: '-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false',
    ERL_CRASH_DUMP: '/stack/rabbitmq/erl_crash.dump',
    // Makes the start script become the broker instead of waiting for it, so that the pid that we know is the broker's.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}

export function epmdService({ settings, installation }: StackContext): Service {
  const port = settings.ports.epmd;
  return {
    name: 'epmd',
    port,
    stopOrder: StopOrder.PortMapper,
    command: insideRootfs(installation, settings.stateDir, ['epmd', '-address', '127.0.0.1', '-port', String(port)]),
    env: ROOTFS_ENVIRONMENT,
    cwd: settings.stateDir,
    configuration: '',
    prepare: async () => {},
  };
}

export function rabbitmqService({ settings, installation }: StackContext): Service {
  const { repository, stateDir, ports } = settings;
  const port = ports.rabbitmq;
  const shared = readFileSync(`${repository}/stack/conf/rabbitmq.conf`, 'utf8');
  const configuration = `${shared}
default_user = ${CREDENTIALS.user}
default_pass = ${CREDENTIALS.password}
default_user_tags.administrator = true
listeners.tcp.1 = 127.0.0.1:${port}
log.console.level = info
${metricsLines(ports.rabbitmqMetrics)}`;
  return {
    name: 'rabbitmq',
    port,
    needs: ['epmd'],
    stopOrder: StopOrder.Server,
    command: insideRootfs(installation, stateDir, ['/usr/lib/rabbitmq/bin/rabbitmq-server']),
    env: rabbitmqEnvironment(settings),
    cwd: stateDir,
    configuration,
    prepare: async () => {
      const folder = makeStateFolder(stateDir, 'rabbitmq');
      writeFileSync(`${folder}/rabbitmq.conf`, configuration);
      const plugins = ports.rabbitmqMetrics === undefined ? '' : 'rabbitmq_prometheus';
      writeFileSync(`${folder}/enabled_plugins`, `[${plugins}].\n`);
      writeCookie(`${folder}/.erlang.cookie`);
    },
  };
}

/**
 * Lines that make RabbitMQ serve metrics. The Docker image always does; here only if a port is set: they cost memory.
 */
function metricsLines(port: number | undefined): string {
  return port === undefined ? '' : `prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = ${port}\n`;
}

/** Writes the secret that the broker and its tools share, if there is none: each stack has its own. */
function writeCookie(file: string): void {
  if (existsSync(file)) return;
  writeFileSync(file, randomBytes(20).toString('hex'));
  chownSync(file, SERVICE_USER.uid, SERVICE_USER.gid);
  // Erlang accepts the file only if no other user can read it.
  chmodSync(file, 0o400);
}
