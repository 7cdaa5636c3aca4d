import { Elysia } from 'elysia';
import { BASE_PATH, PATHS } from './contract/paths.ts';
import type { Readiness } from './health-routes.ts';
import { type Addressed, originOf } from './origin.ts';
import { VERSION } from './version.ts';

export interface FrontPage extends Addressed {
  readonly readiness: Readiness;
  /** Whether keys are needed now. */
  readonly isKeyed: () => boolean;
}

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#2563eb" d="M4 5h24a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H15l-7 6v-6H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z"/></svg>`;

const STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1.25rem; }
h1 { margin: 0; font-size: 1.75rem; } h1 img { height: 1.5rem; margin-right: .5rem; vertical-align: -.15rem; }
h2 { margin-top: 2rem; font-size: 1.1rem; }
ul { padding-left: 1.25rem; } .down { color: #dc2626; font-weight: 600; } .up { color: #16a34a; }
pre { padding: .9rem 1rem; overflow-x: auto; border-radius: .5rem; background: #8881; font-size: .875rem; }
small { opacity: .7; }`;

/**
 * Elysia plugin: the page for people who open the address in a browser, and a redirect from `/docs` to the docs page.
 */
export function frontPage({ readiness, isKeyed, ...addressed }: FrontPage) {
  return new Elysia({ name: 'parley-front-page' })
    .get('/', async ({ request }) => {
      const report = await readiness.recently();
      const headers = { vary: 'Accept', 'cache-control': 'no-store' };
      if (!(request.headers.get('accept') ?? '').includes('text/html')) {
        const links = { documentation: '/swagger', document: '/openapi.json' };
        return Response.json({ name: 'Parley', version: VERSION, ...report, ...links }, { headers });
      }
      const html = page(report, callOf(originOf(request.headers, addressed), isKeyed()), addressed);
      return new Response(html, {
        headers: { ...headers, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY },
      });
    })
    .get('/favicon.ico', () => {
      return new Response(ICON, { headers: { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=86400' } });
    })
    .get('/docs', () => new Response(null, { status: 302, headers: { location: '/swagger' } }));
}

type Report = Awaited<ReturnType<Readiness['report']>>;

/** The first call to try. With keys on only an admin key may make it. */
function callOf(origin: string, isKeyed: boolean): string {
  const key = isKeyed ? `  -H "Authorization: Bearer $ADMIN_KEY" \\\n` : '';
  return `curl -X POST ${origin}${BASE_PATH}${PATHS.applications} \\
${key}  -H 'Content-Type: application/json' -d '{"application_name": "Support desk"}'`;
}

function page({ status, dependencies }: Report, call: string, { behindProxy }: Addressed): string {
  const states = dependencies.map(({ name, state }) => `<li>${name}: <span class="${state}">${state}</span></li>`);
  // Through nginx, clients cannot get /metrics.
  const metrics = behindProxy ? '' : '\n<li><a href="/metrics">Metrics</a> for Prometheus</li>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley</title>
<link rel="icon" href="/favicon.ico">
<style>${STYLE}</style>
</head>
<body>
<h1><img src="/favicon.ico" alt="">Parley <small>${VERSION}</small></h1>
<p>Chats and messages for your applications. This is its API; people do not log in here.</p>
<h2>State: ${status}</h2>
<ul>
${states.join('\n')}
</ul>
<h2>A first call</h2>
<pre><code>${call}</code></pre>
<h2>More</h2>
<ul>
<li><a href="/swagger">The API’s documentation</a>, to try out</li>
<li><a href="/openapi.json">The OpenAPI document</a>, for generators and clients</li>${metrics}
</ul>
</body>
</html>
`;
}
