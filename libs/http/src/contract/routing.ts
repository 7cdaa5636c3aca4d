/** What is known about an address before a route is looked up. The API's paths come from the table of operations. */
import { BODY_BYTES_MAX } from '@parley/domain';
import type { Operation } from './operation.ts';
import { OPERATION_IDS, OPERATIONS } from './operations.ts';
import { BASE_PATH, PATH_PARAMETER, PATHS, type Path } from './paths.ts';

const HEALTH_PATHS = ['/healthz', '/readyz', '/metrics'];
export const PAGE_PATHS = ['/', '/favicon.ico', '/docs', '/openapi.json', '/swagger', '/swagger/json'];

const ASSET = /^\/swagger\/assets\/[^/]+$/;

/** Every path that a program serves, for the router of Bun.serve, which matches the bytes of the request line. */
export const SERVED_PATHS: readonly string[] = [
  ...HEALTH_PATHS,
  ...PAGE_PATHS,
  '/swagger/assets/:file',
  ...Object.values(PATHS).map((path) => `${BASE_PATH}${path}`),
];

/** A path of the API, with the combined rules of its operations. */
export interface PathRules {
  /**
   * A regular expression's text for the path, without an end anchor. `segment` is the text that matches a parameter.
   */
  readonly pattern: (segment: string) => string;
  /** The path's methods in alphabetical order. HEAD is in the list if GET is. */
  readonly methods: readonly string[];
  readonly operations: readonly Operation[];
  readonly bodyBytesMax: number;
  readonly takesGetWithBody: boolean;
}

/** The rules of all paths, in the order in which they are tried: the first one that matches an address counts. */
export const PATH_RULES: readonly PathRules[] = Object.values(PATHS).map(rulesOf);

function rulesOf(path: Path): PathRules {
  const operations: readonly Operation[] = OPERATION_IDS.map((id) => OPERATIONS[id]).filter(
    (each) => each.path === path,
  );
  const methods = operations.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return {
    pattern: (segment) => `${BASE_PATH}${path}`.replaceAll(PATH_PARAMETER, segment),
    methods: methods.sort(),
    operations,
    bodyBytesMax: Math.max(BODY_BYTES_MAX, ...operations.map(({ body }) => body?.bytesMax ?? 0)),
    takesGetWithBody: operations.some(({ withBodyAsPost }) => withBodyAsPost === true),
  };
}

/**
 * An operation whose parameter also matches a word of `path`, which lacks its method: GET …/messages/:message also
 * matches …/messages/batch, which has only POST.
 */
export interface Shadowed {
  readonly operation: Operation;
  readonly path: Path;
}

/** All such operations. Each gets a route that refuses it, or the router would take `batch` for a message's number. */
export const SHADOWED: readonly Shadowed[] = Object.values(PATHS).flatMap((path) =>
  OPERATION_IDS.map((id): Operation => OPERATIONS[id])
    .filter((each) => each.path !== path && takesFor(each.path, path) && !takes(path, each.method))
    .map((operation) => ({ operation, path })),
);

/** Whether addresses of `path` also match `general`. */
function takesFor(general: Path, path: Path): boolean {
  return new RegExp(`^${general.replaceAll(PATH_PARAMETER, '[^/]+')}$`).test(path);
}

function takes(path: Path, method: Operation['method']): boolean {
  return OPERATION_IDS.some((id) => OPERATIONS[id].path === path && OPERATIONS[id].method === method);
}

const MATCHERS = PATH_RULES.map((rules) => ({ matcher: new RegExp(`^${rules.pattern('[^/]+')}/?$`), rules }));

/** The rules for a URL's path; undefined if the API has no such path. */
export function rulesAt(pathname: string): PathRules | undefined {
  return MATCHERS.find(({ matcher }) => matcher.test(pathname))?.rules;
}

/** The methods of a URL's path, whichever program serves it; empty if the path is unknown. */
export function methodsOf(pathname: string): readonly string[] {
  const served = pathname === '/' ? pathname : pathname.replace(/\/$/, '');
  if ([...HEALTH_PATHS, ...PAGE_PATHS].includes(served) || ASSET.test(served)) return ['GET', 'HEAD'];
  return rulesAt(pathname)?.methods ?? [];
}
