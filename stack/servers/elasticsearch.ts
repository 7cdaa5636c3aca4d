/** Elasticsearch: the search index. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { insideRootfs, ROOTFS_ENVIRONMENT } from '../chroot.ts';
import { type Service, type StackContext, StopOrder } from '../service.ts';
import { makeStateFolder } from '../state-folder.ts';

export function elasticsearchService({ settings, installation }: StackContext): Service {
  const { repository, stateDir, elasticsearchHeapMb } = settings;
  const { elasticsearch: port, elasticsearchTransport } = settings.ports;
  const shared = readFileSync(`${repository}/stack/conf/elasticsearch.yml`, 'utf8');
  const configuration = `${shared}
network.host: 127.0.0.1
http.port: ${port}
transport.port: ${elasticsearchTransport}
path.data: /stack/elasticsearch/data
path.logs: /stack/elasticsearch/logs
`;
  const heap = `-Xms${elasticsearchHeapMb}m\n-Xmx${elasticsearchHeapMb}m\n-XX:-AlwaysPreTouch\n`;
  const pidFile = `${stateDir}/elasticsearch/elasticsearch.pid`;
  return {
    name: 'elasticsearch',
    port,
    stopOrder: StopOrder.Server,
    // `nice`: if all programs share a few cores, creating and storing come before searching.
    command: [
      ...['nice', '-n', '5'],
      ...insideRootfs(installation, stateDir, [
        '/elasticsearch/bin/elasticsearch',
        '-d',
        ...['-p', '/stack/elasticsearch/elasticsearch.pid'],
      ]),
    ],
    env: {
      ...ROOTFS_ENVIRONMENT,
      ES_JAVA_HOME: installation.javaInside,
      ES_PATH_CONF: '/stack/elasticsearch/config',
      ES_TMPDIR: '/stack/elasticsearch/tmp',
      // Options for Elasticsearch's launcher, a separate Java program that only waits.
      CLI_JAVA_OPTS: '-XX:TieredStopAtLevel=1',
    },
    cwd: stateDir,
    configuration: configuration + heap,
    pidFile,
    prepare: async () => {
      const folder = makeStateFolder(stateDir, 'elasticsearch');
      for (const name of ['data', 'logs', 'tmp', 'config']) makeStateFolder(folder, name);
      rmSync(pidFile, { force: true });
      writeConfiguration(`${installation.elasticsearch}/config`, `${folder}/config`, configuration, heap);
    },
  };
}

/** Copies the distribution's own configuration, with our elasticsearch.yml and heap size. */
function writeConfiguration(from: string, to: string, configuration: string, heap: string): void {
  const jvmOptions = readFileSync(`${from}/jvm.options`, 'utf8')
    .split('\n')
    // Garbage collection logs and heap dumps would fill a disk that nobody watches.
    .filter((line) => !/Xlog:gc|HeapDump/.test(line));
  // Written anew instead of copied: the original may be readable by its owner only.
  writeFileSync(`${to}/log4j2.properties`, readFileSync(`${from}/log4j2.properties`));
  mkdirSync(`${to}/jvm.options.d`, { recursive: true });
  writeFileSync(`${to}/jvm.options`, jvmOptions.join('\n'));
  writeFileSync(`${to}/jvm.options.d/heap.options`, heap);
  writeFileSync(`${to}/elasticsearch.yml`, configuration);
}
