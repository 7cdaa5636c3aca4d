import type { BunRequest } from 'bun';
import { type AnyElysia, Elysia, NotFoundError } from 'elysia';
import type { Access } from './access/access.ts';
import { type Answering, answering } from './answering.ts';
import { BASE_PATH } from './contract/paths.ts';
import { SHADOWED } from './contract/routing.ts';
import { Observer, type ObserverParts, observability } from './observability.ts';
import type { PathParams, Route } from './routes.ts';
import type { NativeRoutes } from './server.ts';

export interface AppParts extends Omit<ObserverParts, 'routes'> {
  readonly routes: readonly Route[];
  /** Undefined: everybody may do everything. */
  readonly access?: Access | undefined;
}

/**
 * The Elysia app of a program: its operations, and the hooks for all that is added later. Elysia routes to the
 * operations, or Bun's own router does: with `serve.routes`, Elysia hands it native routes.
 */
export function httpApp({ logger, registry, routes, access }: AppParts): AnyElysia {
  const known = routes.map(({ operation: { method, path } }) => ({ method, path: `${BASE_PATH}${path}` }));
  const observer = new Observer({ logger, registry, routes: known });
  const native: Record<string, Record<string, NativeRoutes[string][string]>> = {};
  // By default Elysia finds no path in a URL whose host has at most three characters.
  const app = new Elysia({ handler: { standardHostname: false }, serve: { routes: native } });
  const add = app.route.bind(app) as AddRoute;
  for (const route of routes) {
    const { method, path } = route.operation;
    const answer = answering(route, observer, access);
    const address = `${BASE_PATH}${path}`;
    add(method, address, throughElysia(answer), {});
    native[address] = { ...native[address], [method]: (request: BunRequest) => answer(request, request.params) };
  }
  app.use(observability(observer));
  const programs = new Set(routes.map(({ operation }) => operation.program));
  for (const { operation, path } of SHADOWED) {
    if (programs.has(operation.program)) add(operation.method, `${BASE_PATH}${path}`, refuse, {});
  }
  return app;
}

/** Elysia’s `route` for a table of routes: its own types are for single routes that are written out. */
type AddRoute = (
  method: string,
  path: string,
  handle: (context: Context) => Promise<Response>,
  hook: object,
) => unknown;

interface Context {
  readonly request: Request;
  /** Undefined for a path without parameters. */
  readonly params?: PathParams;
}

const NO_PARAMS: PathParams = {};

function throughElysia(answer: Answering): (context: Context) => Promise<Response> {
  return async ({ request, params }) => answer(request, params ?? NO_PARAMS);
}

/** The handler for a method that a path does not have. The error hook answers with a 405. */
async function refuse(): Promise<never> {
  throw new NotFoundError();
}
