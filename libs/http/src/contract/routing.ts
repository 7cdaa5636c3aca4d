import { BODY_BYTES_MAX } from '@parley/domain';
import { OPERATION_IDS, OPERATIONS, type Operation } from './operations.ts';
import { BASE_PATH, PATHS, type Path } from './paths.ts';

/** What is known of an address before any route is looked up: all from the table of operations. */

const HEALTH_PATHS = ['/healthz', '/readyz', '/metrics'];
export const PAGE_PATHS = ['/', '/favicon.ico', '/docs', '/openapi.json', '/swagger', '/swagger/json'];

const ASSET = /^\/swagger\/assets\/[^/]+$/;

/** All that is served, as the router of Bun.serve reads it: from the bytes of the request's line. */
export const SERVED_PATHS: readonly string[] = [
  ...HEALTH_PATHS,
  ...PAGE_PATHS,
  '/swagger/assets/:file',
  ...Object.values(PATHS).map((path) => `${BASE_PATH}${path}`),
];

/** A path of the contract with what all its operations say of it. */
export interface PathRules {
  /** A regular expression's text for the path alone, without its end; a segment is what `segment` matches. */
  readonly pattern: (segment: string) => string;
  /** In alphabetical order; HEAD is there with GET. */
  readonly methods: readonly string[];
  readonly operations: readonly Operation[];
  readonly bodyBytesMax: number;
  readonly takesGetWithBody: boolean;
}

/** In the order in which they are matched. */
export const PATH_RULES: readonly PathRules[] = Object.values(PATHS).map(rulesOf);

function rulesOf(path: Path): PathRules {
  const operations: readonly Operation[] = OPERATION_IDS.map((id) => OPERATIONS[id]).filter(
    (each) => each.path === path,
  );
  const methods = operations.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return {
    pattern: (segment) => `${BASE_PATH}${path}`.replaceAll(/:[a-z]+/g, segment),
    methods: methods.sort(),
    operations,
    bodyBytesMax: Math.max(BODY_BYTES_MAX, ...operations.map(({ body }) => body?.bytesMax ?? 0)),
    takesGetWithBody: operations.some(({ withBodyAsPost }) => withBodyAsPost === true),
  };
}

/** Routes of a path with a parameter in place of this one's word, whose methods this path does not have. */
export interface Shadowed {
  readonly operation: Operation;
  readonly path: Path;
}

/** A router that finds no such method under the word would take the word for the parameter. */
export const SHADOWED: readonly Shadowed[] = Object.values(PATHS).flatMap((path) =>
  OPERATION_IDS.map((id): Operation => OPERATIONS[id])
    .filter((each) => each.path !== path && takesFor(each.path, path) && !takes(path, each.method))
    .map((operation) => ({ operation, path })),
);

/** Whether `path`, with its parameters for values, is one of the paths that `general` matches. */
function takesFor(general: Path, path: Path): boolean {
  return new RegExp(`^${general.replaceAll(/:[a-z]+/g, '[^/]+')}$`).test(path);
}

function takes(path: Path, method: Operation['method']): boolean {
  return OPERATION_IDS.some((id) => OPERATIONS[id].path === path && OPERATIONS[id].method === method);
}

const MATCHERS = PATH_RULES.map((rules) => ({ matcher: new RegExp(`^${rules.pattern('[^/]+')}/?$`), rules }));

/** The rules of a URL's path; undefined where it is none of the contract. */
export function rulesAt(pathname: string): PathRules | undefined {
  return MATCHERS.find(({ matcher }) => matcher.test(pathname))?.rules;
}

/** The methods that a URL's path has, whichever program serves them; none where the path is unknown. */
export function methodsOf(pathname: string): readonly string[] {
  const served = pathname === '/' ? pathname : pathname.replace(/\/$/, '');
  if ([...HEALTH_PATHS, ...PAGE_PATHS].includes(served) || ASSET.test(served)) return ['GET', 'HEAD'];
  return rulesAt(pathname)?.methods ?? [];
}
