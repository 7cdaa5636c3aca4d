/** Checks whether a server is ready, in its own protocol: an open port alone says little. Takes at most a second. */

const ANSWER_WITHIN_MS = 1_000;

type Probe = (port: number) => Promise<boolean>;

/** Whether the server or app (`mysql`, `ingest-2`) is ready. */
export function isReady(name: string, port: number): Promise<boolean> {
  const probe = PROBES[name.replace(/-\d+$/, '')];
  if (probe === undefined) throw new Error(`There is no probe for '${name}'.`);
  return probe(port);
}

const PROBES: Readonly<Record<string, Probe>> = {
  redis: (port) => answersTcp(port, 'PING\r\n', (answer) => answer.toString('latin1').startsWith('+PONG')),
  // Sends NAMES_REQ ('n'); epmd replies with its own port in four bytes.
  epmd: (port) => answersTcp(port, new Uint8Array([0, 1, 0x6e]), (answer) => answer.readUInt32BE(0) === port),
  // Sends the protocol's header; RabbitMQ replies with a method frame (Connection.Start).
  rabbitmq: (port) => answersTcp(port, new Uint8Array([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]), ([type]) => type === 1),
  // MySQL speaks first; the fifth byte of its greeting is the protocol version, 10.
  mysql: (port) => answersTcp(port, '', (answer) => answer[4] === 10),
  // Elasticsearch opens its port before its shards are available.
  elasticsearch: (port) => answersHttp(port, '/_cluster/health?wait_for_status=yellow&timeout=500ms'),
  ingest: (port) => answersHttp(port, '/readyz'),
  api: (port) => answersHttp(port, '/readyz'),
  worker: (port) => answersHttp(port, '/readyz'),
  nginx: (port) => answersHttp(port, '/healthz'),
};

/** Whether any program accepts connections on the port. */
export function hasListener(port: number): Promise<boolean> {
  return Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } }).then(
    (socket) => {
      socket.terminate();
      return true;
    },
    () => false,
  );
}

async function answersHttp(port: number, path: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Sends `greeting`. Resolves with whether `expected` accepts the first bytes of the reply. */
async function answersTcp(
  port: number,
  greeting: string | Uint8Array,
  expected: (answer: Buffer) => boolean,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS);
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      open: (opened) => {
        if (greeting.length > 0) opened.write(greeting);
      },
      data: (_, answer) => resolve(expected(answer)),
      close: () => resolve(false),
      error: () => resolve(false),
    },
  }).catch(() => undefined);
  if (socket === undefined) resolve(false);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket?.end();
  }
}
