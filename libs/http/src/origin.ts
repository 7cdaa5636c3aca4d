/** What decides by which address clients call this server. */
export interface Addressed {
  /** nginx is in front and passes on the host that the client called. */
  readonly behindProxy: boolean;
  /**
   * The address that the operator has set, without a path; may be empty. Behind a proxy that ends TLS, no request shows
   * the address.
   */
  readonly publicUrl: string;
}

const PLAIN_HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/**
 * The address that clients call: `publicUrl`, else from the request's headers; `localhost` if these have no valid host.
 */
export function originOf(headers: Headers, { behindProxy, publicUrl }: Addressed): string {
  if (publicUrl !== '') return publicUrl;
  const host = headers.get(behindProxy ? 'x-forwarded-host' : 'host') ?? '';
  const scheme = behindProxy && headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http';
  const origin = `${scheme}://${host}`;
  return PLAIN_HOST.test(host) && URL.canParse(origin) ? origin : `${scheme}://localhost`;
}
