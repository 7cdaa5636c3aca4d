/** The answers of ports that tell a taker, as promises. The domain has these types, and testing must not import it. */

interface Draws<Request, Answer> {
  draw(request: Request, taker: { drawAnswered(answer: Answer): void; drawFailed(error: Error): void }): void;
}

interface Publishes<Event> {
  publish(event: Event, taker: { published(): void; publishFailed(error: Error): void }): void;
}

/** Draws from a numbering. Settles as the taker is told. */
export function drawFrom<Request, Answer>(numbering: Draws<Request, Answer>, request: Request): Promise<Answer> {
  const { promise, resolve, reject } = toldOnce<Answer>();
  numbering.draw(request, { drawAnswered: resolve, drawFailed: reject });
  return promise;
}

/** Publishes to an event log. Settles as the taker is told. */
export function publishTo<Event>(log: Publishes<Event>, event: Event): Promise<void> {
  const { promise, resolve, reject } = toldOnce<void>();
  log.publish(event, { published: resolve, publishFailed: reject });
  return promise;
}

/** A promise that counts its answers: a second one fails the test that runs then, as an error that nobody catches. */
function toldOnce<Answer>() {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let told = 0;
  const once = () => {
    told += 1;
    if (told === 1) return true;
    const error = new Error(`a taker was told ${told} times`);
    queueMicrotask(() => {
      throw error;
    });
    return false;
  };
  return {
    promise,
    resolve: (answer: Answer) => {
      if (once()) resolve(answer);
    },
    reject: (error: Error) => {
      if (once()) reject(error);
    },
  };
}
