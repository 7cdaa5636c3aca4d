import { errors, type TransportRequestOptions } from '@elastic/elasticsearch';
import { failure, unavailable } from './errors.ts';

/**
 * Makes a call that ends within `milliseconds`. A connection that was lost is no answer, so the call is made once more:
 * everything that is sent here may be repeated. Rejects with what `failure` makes of the error.
 */
export async function call<T>(
  { index, milliseconds }: { readonly index: string; readonly milliseconds: number },
  send: (options: TransportRequestOptions) => Promise<T>,
): Promise<T> {
  if (milliseconds <= 0) throw unavailable('Search did not answer in time.');
  const requestTimeout = Math.ceil(milliseconds);
  // The client's own repetition waits for up to a second before it.
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
