/**
 * Settles as `promise` does, or rejects with the error from `expired` after `milliseconds`. The work behind the promise
 * goes on; if it rejects later, that is ignored.
 */
export function within<T>(promise: Promise<T>, milliseconds: number, expired: () => Error): Promise<T> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(expired()), milliseconds);
  promise.then(
    (value) => {
      clearTimeout(timer);
      resolve(value);
    },
    (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    },
  );
  return settled;
}
