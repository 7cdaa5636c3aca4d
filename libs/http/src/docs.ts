import { openapi } from '@elysiajs/openapi';
import { Elysia } from 'elysia';
import { OPERATIONS } from './contract/documentation.ts';
import { describeOperation } from './contract/operation.ts';
import { BASE_PATH } from './contract/paths.ts';
import { RequestProblem } from './problem.ts';
import { VERSION } from './version.ts';

/**
 * The docs page: Swagger UI at /swagger, its document at /swagger/json, for the routes of all programs together. The
 * page's script and style come from a package that is installed with us, so it works without the internet; its policy
 * makes the browser refuse whatever would come from or go to another host.
 */
const DOCUMENT_PATH = '/swagger/json';
const ASSETS_PATH = '/swagger/assets';
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const START = `const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
SwaggerUIBundle({ dom_id: '#swagger-ui', url: '${DOCUMENT_PATH}', validatorUrl: null, deepLinking: true });
`;

const SUMMARY = 'Chats and messages for your applications: the operations, their errors and examples, to try out.';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${SUMMARY}">
<title>Parley</title>
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="${ASSETS_PATH}/swagger-ui.css">
</head>
<body style="margin: 0">
<div id="swagger-ui"></div>
<script src="${ASSETS_PATH}/swagger-ui-bundle.js"></script>
<script src="${ASSETS_PATH}/start.js"></script>
</body>
</html>
`;

const SCRIPT = 'text/javascript; charset=utf-8';
const installed = (file: string) => Bun.file(Bun.resolveSync(`swagger-ui-dist/${file}`, import.meta.dir));
const ASSETS: ReadonlyMap<string, { type: string; read(): Blob | string }> = new Map([
  ['swagger-ui-bundle.js', { type: SCRIPT, read: () => installed('swagger-ui-bundle.js') }],
  ['swagger-ui.css', { type: 'text/css; charset=utf-8', read: () => installed('swagger-ui.css') }],
  ['start.js', { type: SCRIPT, read: () => START }],
]);

const ABOUT = `Chats and messages for your applications. A create is answered when its event is durable; reading shows it
at once.

**Errors** are \`application/problem+json\` (RFC 9457): \`type, title, status, detail\`, and \`errors\` for what a body or a
query has wrong. Beside those described with each operation: 405 with \`Allow\` for a method that a path does not have,
408 for a request that does not arrive in time, 429 where an operator limits the rate, 500 without details.

**Lists** are bare arrays; \`limit\` and \`order\` with \`after\` (0 is the beginning) or \`before\`, and a \`Link\` header to the
pages beside.

**Unknown fields** in a body and unknown query parameters are refused with 422.`;

/** Elysia plugin. The described app is never served: only its description is. */
export function docs() {
  const described = describedApp();
  const document = () => described.handle(new Request(`http://localhost${DOCUMENT_PATH}`));
  return new Elysia({ name: 'parley-docs' })
    .get('/swagger', () => {
      const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY };
      return new Response(PAGE, { headers });
    })
    .get(DOCUMENT_PATH, document)
    .get('/openapi.json', document)
    .get(`${ASSETS_PATH}/:file`, ({ params }) => {
      const asset = ASSETS.get(params.file);
      if (asset === undefined) throw new RequestProblem(404, 'There is nothing at this path.');
      const headers = { 'content-type': asset.type, 'cache-control': 'max-age=86400' };
      return new Response(asset.read(), { headers });
    });
}

/** Routes that only carry their descriptions, with the one that answers the document made of them. */
function describedApp() {
  const routes = new Elysia({ prefix: BASE_PATH });
  for (const operation of OPERATIONS) {
    routes.route(operation.method, operation.path, () => '', { detail: describeOperation(operation) as object });
  }
  const documentation = {
    info: { title: 'Parley', version: VERSION, description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
    tags: ['Applications', 'Chats', 'Messages', 'Search'].map((name) => ({ name })),
  };
  return new Elysia()
    .use(openapi({ specPath: DOCUMENT_PATH, provider: null, documentation: documentation as object }))
    .use(routes);
}
