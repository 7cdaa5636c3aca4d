/**
 * Settles as `promise` does, or rejects with what `expired` makes after `milliseconds`. The promise itself goes on; a
 * later rejection of it is taken care of.
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
