/** Asks whether a server is ready, in its own protocol: an open port alone says little. All answer within a second. */

const ANSWER_WITHIN_MS = 1_000;

export async function answersHttp(port: number, path: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Sends `greeting`, and whether the first bytes of the answer are to the liking of `expected`. */
export async function answersTcp(
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
