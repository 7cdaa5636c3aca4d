/**
 * The paths of the contract in Elysia's syntax, under the base path. One table for routing, for 405 and for the docs
 * page. `short` is the short form to create a message: it shares its path with reading a chat.
 */
export const BASE_PATH = '/api';

export const PATHS = {
  applications: '/applications',
  application: '/applications/:token',
  chats: '/applications/:token/chats',
  chat: '/applications/:token/chats/:number',
  messages: '/applications/:token/chats/:number/messages',
  batch: '/applications/:token/chats/:number/messages/batch',
  message: '/applications/:token/chats/:number/messages/:message',
  search: '/applications/:token/chats/:number/search',
} as const;

const METHODS: Readonly<Record<keyof typeof PATHS, readonly string[]>> = {
  applications: ['GET', 'HEAD', 'POST'],
  application: ['GET', 'HEAD', 'PATCH', 'PUT'],
  chats: ['GET', 'HEAD', 'POST'],
  chat: ['GET', 'HEAD', 'PATCH', 'POST', 'PUT'],
  messages: ['GET', 'HEAD', 'POST'],
  batch: ['POST'],
  message: ['GET', 'HEAD', 'PATCH', 'PUT'],
  search: ['GET', 'HEAD', 'POST'],
};

const OPERATIONS_PATHS = ['/healthz', '/readyz', '/metrics'];
const PAGE_PATHS = ['/', '/favicon.ico', '/docs', '/openapi.json', '/swagger', '/swagger/json'];

const ASSET = /^\/swagger\/assets\/[^/]+$/;

/** All that is served, as the router of Bun.serve reads it: from the bytes of the request's line. */
export const SERVED_PATHS: readonly string[] = [
  ...OPERATIONS_PATHS,
  ...PAGE_PATHS,
  '/swagger/assets/:file',
  ...Object.values(PATHS).map((path) => `${BASE_PATH}${path}`),
];

const MATCHERS = (Object.keys(PATHS) as (keyof typeof PATHS)[]).map((name) => ({
  path: new RegExp(`^${BASE_PATH}${PATHS[name].replaceAll(/:[a-z]+/g, '[^/]+')}/?$`),
  methods: METHODS[name],
}));

/**
 * The methods that a URL's path has, whichever program serves them; none where the path is unknown. A literal segment
 * wins over a parameter: `messages/batch` is no message, and takes only POST.
 */
export function methodsOf(pathname: string): readonly string[] {
  const served = pathname === '/' ? pathname : pathname.replace(/\/$/, '');
  if ([...OPERATIONS_PATHS, ...PAGE_PATHS].includes(served) || ASSET.test(served)) return ['GET', 'HEAD'];
  return MATCHERS.find(({ path }) => path.test(pathname))?.methods ?? [];
}
