/**
 * Lets pages of other origins call the API from a browser (CORS), for the origins in CORS_ORIGINS. Cookies are never
 * used, so no answer allows credentials: a page sends its user token itself.
 */
import { ConfigError, type Logger } from '@parley/runtime';
import { methodsOf } from './contract/routing.ts';
import { pathOf } from './normal-path.ts';

/** `*`: every origin, only in open mode. */
export type CorsOrigins = '*' | ReadonlySet<string>;

export interface CorsParts {
  readonly origins: CorsOrigins;
  readonly isKeyed: () => boolean;
  readonly logger: Logger;
}

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#,@*]+$/;
const MAX_AGE_SECONDS = 600;
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, Last-Event-ID';
const EXPOSED_HEADERS = 'Link, ETag, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Location';
/** For a path that does not exist: then a page can read the 404. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Reads the setting; undefined if it is empty. Throws ConfigError if it has something that no browser sends as an
 * origin, or `*` together with ADMIN_KEY.
 */
export function corsOrigins(config: {
  readonly CORS_ORIGINS?: string;
  readonly ADMIN_KEY?: string;
}): CorsOrigins | undefined {
  const origins = (config.CORS_ORIGINS ?? '').split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]));
  if (origins.length === 0) return undefined;
  if (origins.includes('*')) {
    if (origins.length > 1) throw new ConfigError('CORS_ORIGINS has * together with others: * alone is every origin');
    if ((config.ADMIN_KEY ?? '') === '') return '*';
    throw new ConfigError('CORS_ORIGINS=* is only for open mode, and ADMIN_KEY is set: name the origins');
  }
  for (const origin of origins) {
    if (isOrigin(origin)) continue;
    throw new ConfigError(`CORS_ORIGINS has ${JSON.stringify(origin)}: write origins such as https://app.example.com`);
  }
  return new Set(origins);
}

/** Whether a browser would send this text: lower case, without a path, and without a port that its scheme implies. */
function isOrigin(text: string): boolean {
  if (!ORIGIN.test(text)) return false;
  return !/^https?:/.test(text) || URL.parse(text)?.origin === text;
}

type Handle<Asked extends Request> = (request: Asked) => Response | Promise<Response>;

export class Cors {
  readonly #parts: CorsParts;
  #hasWarned = false;

  constructor(parts: CorsParts) {
    this.#parts = parts;
    this.#isOff();
  }

  /** Answers preflights, and marks the answers of `handle`, errors included. */
  wrap<Asked extends Request>(handle: Handle<Asked>): Handle<Asked> {
    return (request) => {
      const origin = request.headers.get('origin');
      const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
      if (isPreflight && this.#allowed(origin) !== undefined) {
        return this.mark(preflight(pathOf(request.url)), origin);
      }
      const answer = handle(request);
      if (answer instanceof Response) return this.mark(answer, origin);
      return answer.then((response) => this.mark(response, origin));
    };
  }

  /** Says on an answer whether pages of this origin may read it. */
  mark(response: Response, origin: string | null): Response {
    const { headers } = response;
    headers.append('vary', 'Origin');
    const allowed = this.#allowed(origin);
    if (allowed === undefined) return response;
    headers.set('access-control-allow-origin', allowed);
    headers.set('access-control-expose-headers', EXPOSED_HEADERS);
    return response;
  }

  /** What Access-Control-Allow-Origin says to this origin; undefined: nothing. */
  #allowed(origin: string | null): string | undefined {
    if (origin === null || this.#isOff()) return undefined;
    const { origins } = this.#parts;
    if (origins === '*') return '*';
    return origins.has(origin) ? origin : undefined;
  }

  /** Every origin may call an open installation, but not one that has secrets. */
  #isOff(): boolean {
    const { origins, isKeyed, logger } = this.#parts;
    if (origins !== '*' || !isKeyed()) {
      this.#hasWarned = false;
      return false;
    }
    if (!this.#hasWarned) logger.error('CORS_ORIGINS=* does not count, because keys are needed: name the origins');
    this.#hasWarned = true;
    return true;
  }
}

function preflight(path: string): Response {
  const methods = methodsOf(path);
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': (methods.length > 0 ? methods : METHODS).join(', '),
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': String(MAX_AGE_SECONDS),
      'x-content-type-options': 'nosniff',
    },
  });
}
