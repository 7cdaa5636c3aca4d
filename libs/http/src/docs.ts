/**
 * The docs page: Swagger UI at /swagger, and the OpenAPI document at /swagger/json and /openapi.json, for the routes of
 * all programs. The page's script and style come from an installed package, so it works without the internet. Its
 * content security policy makes the browser block every request to another host.
 */
import { openapi } from '@elysiajs/openapi';
import { Elysia } from 'elysia';
import { ORIGIN } from './contract/about.ts';
import { DOCUMENT } from './contract/document.ts';
import { type Addressed, originOf } from './origin.ts';
import { RequestProblem } from './problem.ts';

const DOCUMENT_PATH = '/swagger/json';
const ASSETS_PATH = '/swagger/assets';
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const START = `const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
// The page uses its own address as the server's: behind a proxy with TLS, the server does not know the address.
const served = await fetch('${DOCUMENT_PATH}');
const text = await served.text();
const document_ = served.ok
  ? { spec: JSON.parse(text.replaceAll(JSON.parse(text).servers[0].url, location.origin)) }
  : { url: '${DOCUMENT_PATH}' }; // fetches it again, and shows the error
SwaggerUIBundle({
  ...document_,
  dom_id: '#swagger-ui',
  validatorUrl: null,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
});
`;

/**
 * Shows each error answer as one line, without its example: all look alike, and the text above the operations has one.
 */
const STYLE = `.responses-table:not(.live-responses-table) > tbody > .response:not([data-code^="2"])
  :is(.response-controls, .model-example, .headers-wrapper) { display: none; }
.swagger-ui .response-col_links { display: none; }
.swagger-ui .info table { width: auto; }
.swagger-ui .info table tr > * { padding: 2px 16px 2px 0 !important; vertical-align: top; }`;

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
<style>${STYLE}</style>
</head>
<body style="margin: 0">
<div id="swagger-ui"></div>
<script src="${ASSETS_PATH}/swagger-ui-bundle.js"></script>
<script type="module" src="${ASSETS_PATH}/start.js"></script>
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

/** Elysia plugin: the docs page and the document, in which the server is the address that the client called. */
export function docs(addressed: Addressed) {
  const documented = new Elysia().use(
    openapi({ specPath: DOCUMENT_PATH, provider: null, documentation: DOCUMENT as object }),
  );
  const text = documented.handle(new Request(`http://localhost${DOCUMENT_PATH}`)).then((response) => response.text());
  const document = async ({ request }: { readonly request: Request }) => {
    const origin = originOf(request.headers, addressed);
    return new Response((await text).replaceAll(ORIGIN, origin), {
      headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
    });
  };
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
