/**
 * The id under which a request is logged: the client's X-Request-Id if it is 1 to 128 visible ASCII characters, else a
 * new one.
 */

const ACCEPTABLE = /^[\x21-\x7e]{1,128}$/;
const prefix = crypto.randomUUID().slice(0, 13);
let drawn = 0;

export function requestId(headers: Headers): string {
  const given = headers.get('x-request-id');
  return given !== null && ACCEPTABLE.test(given) ? given : newRequestId();
}

export function newRequestId(): string {
  drawn += 1;
  return `${prefix}-${drawn.toString(36)}`;
}
