/** RabbitMQ is reachable, but unusable as it is. Waiting cannot help: an operator must change something. */
export class WrongRabbitmq extends Error {
  override readonly name = 'WrongRabbitmq';
}

/** Returns the reply code of an AMQP error, such as 404 or 406; undefined if it has none. */
export function amqpCode(error: unknown): number | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/**
 * Returns the same error, or a WrongRabbitmq if the login or the virtual host was refused. amqplib says that only in
 * its message text.
 */
export function explained(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('ACCESS-REFUSED')) {
    return new WrongRabbitmq('RabbitMQ does not accept the login.', { cause: error });
  }
  if (message.includes('Expected ConnectionOpenOk')) {
    return new WrongRabbitmq('RabbitMQ has no such virtual host, or the user may not use it.', { cause: error });
  }
  return error instanceof Error ? error : new Error(message);
}
