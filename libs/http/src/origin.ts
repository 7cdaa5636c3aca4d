/** What tells by which address clients call us. */
export interface Addressed {
  /** nginx is in front: it tells the host that the client called. */
  readonly behindProxy: boolean;
  /** The address as an operator has set it, without a path, or nothing: where a proxy speaks TLS, nothing of a request tells it. */
  readonly publicUrl: string;
}

const PLAIN_HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/** The address that the client called, as far as it can be one. */
export function originOf(headers: Headers, { behindProxy, publicUrl }: Addressed): string {
  if (publicUrl !== '') return publicUrl;
  const host = headers.get(behindProxy ? 'x-forwarded-host' : 'host') ?? '';
  const scheme = behindProxy && headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http';
  const origin = `${scheme}://${host}`;
  return PLAIN_HOST.test(host) && URL.canParse(origin) ? origin : `${scheme}://localhost`;
}
