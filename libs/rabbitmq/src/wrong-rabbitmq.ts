/** RabbitMQ is there, but not as it has to be: no waiting helps, somebody has to change something. */
export class WrongRabbitmq extends Error {
  override readonly name = 'WrongRabbitmq';
}

/** The code of an AMQP error, where it has one (RabbitMQ's reply codes, such as 404 and 406). */
export function amqpCode(error: unknown): number | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/**
 * The same error, or a clear one where the login or the virtual host is refused. The client library tells that in its
 * message alone.
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
