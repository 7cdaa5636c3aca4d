import type { TransportRequestOptions } from '@elastic/elasticsearch';
import { failure, unavailable } from './errors.ts';

/**
 * Makes a call that ends within `milliseconds`, a repetition on a lost connection included. Rejects with what `failure`
 * makes of the error.
 */
export async function call<T>(
  { index, milliseconds }: { readonly index: string; readonly milliseconds: number },
  send: (options: TransportRequestOptions) => Promise<T>,
): Promise<T> {
  if (milliseconds <= 0) throw unavailable('Search did not answer in time.');
  const requestTimeout = Math.ceil(milliseconds);
  try {
    return await send({ requestTimeout, signal: AbortSignal.timeout(requestTimeout), maxRetries: 1 });
  } catch (error) {
    throw failure(error, index);
  }
}
