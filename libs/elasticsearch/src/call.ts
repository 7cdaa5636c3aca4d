import { errors, type TransportRequestOptions } from '@elastic/elasticsearch';
import { failure, unavailable } from './errors.ts';

/**
 * Sends a request to Elasticsearch and returns the answer, within `milliseconds`. If the connection breaks, sends it
 * again once, because all requests of this package may be repeated. Rejects with an error that `failure` makes.
 */
export async function call<T>(
  { index, milliseconds }: { readonly index: string; readonly milliseconds: number },
  send: (options: TransportRequestOptions) => Promise<T>,
): Promise<T> {
  if (milliseconds <= 0) throw unavailable('Search did not answer in time.');
  const requestTimeout = Math.ceil(milliseconds);
  // The client itself must not retry: it would wait for up to a second first.
  const options = { requestTimeout, signal: AbortSignal.timeout(requestTimeout), maxRetries: 0 };
  try {
    return await send(options).catch((error: unknown) => {
      if (error instanceof errors.ConnectionError) return send(options);
      throw error;
    });
  } catch (error) {
    throw failure(error, index);
  }
}
