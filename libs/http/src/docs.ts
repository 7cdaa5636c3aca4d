import { openapi } from '@elysiajs/openapi';
import { Elysia } from 'elysia';
import { OPERATIONS } from './contract/documentation.ts';
import { describeOperation } from './contract/operation.ts';
import { BASE_PATH } from './contract/paths.ts';

/**
 * The docs page: Swagger UI at /swagger, its document at /swagger/json, for the routes of all programs together. The
 * page's scripts and styles come from a package that is installed with us, so it works without the internet.
 */
const ASSETS_PATH = '/swagger/assets';
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
};

const ABOUT = `Chats and messages for your applications. A create is answered when its event is durable; reading shows it
at once.

**Errors** are \`application/problem+json\` (RFC 9457): \`type, title, status, detail\`, and \`errors\` for what a body or a
query has wrong. Beside those described with each operation: 405 with \`Allow\` for a method that a path does not have,
429 where an operator limits the rate, 500 without details.

**Lists** are bare arrays, ascending; \`limit\` with \`after\` or \`before\`, and a \`Link\` header to the pages beside.

**Unknown fields** in a body are refused with 422.`;

/** Elysia plugin. The document's own app is never served: only its description is. */
export function docs() {
  const described = new Elysia({ prefix: BASE_PATH });
  for (const operation of OPERATIONS) {
    described.route(operation.method, operation.path, () => '', { detail: describeOperation(operation) as object });
  }
  const pages = new Elysia()
    .use(
      openapi({
        path: '/swagger',
        specPath: '/swagger/json',
        provider: 'swagger-ui',
        documentation: {
          info: { title: 'Parley', version: '0.1.0', description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
          tags: ['Applications', 'Chats', 'Messages', 'Search'].map((name) => ({ name })),
        } as object,
        exclude: { paths: [/^\/swagger/] },
        swagger: { cdn: `${ASSETS_PATH}/swagger-ui-bundle.js`, theme: `${ASSETS_PATH}/swagger-ui.css` },
      }),
    )
    .use(described);
  const show = (path: string) => pages.handle(new Request(`http://localhost${path}`));
  return (
    new Elysia({ name: 'parley-docs' })
      .get('/swagger', () => show('/swagger'))
      .get('/swagger/json', () => show('/swagger/json'))
      // A browser asks for it beside the page.
      .get('/favicon.ico', () => new Response(null, { status: 204 }))
      .get(`${ASSETS_PATH}/:file`, ({ params, status }) => {
        const type = ASSETS[params.file];
        if (type === undefined) return status(404);
        const path = Bun.resolveSync(`swagger-ui-dist/${params.file}`, import.meta.dir);
        return new Response(Bun.file(path), { headers: { 'content-type': type, 'cache-control': 'max-age=86400' } });
      })
  );
}
