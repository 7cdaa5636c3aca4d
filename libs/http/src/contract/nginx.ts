/**
 * Generates nginx's configuration for the API: which program serves a request, what each path accepts, and the texts of
 * nginx's own errors. It comes from the table of operations, so an operation is added in one place. `bun run generate`
 * writes the files. They are committed, because the nginx image cannot generate them.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { BODY_BYTES_MAX } from '@parley/domain';
import type { Operation } from './operation.ts';
import { PROBLEMS, type ProblemStatus } from './problems.ts';
import { PAGE_PATHS, PATH_RULES, type PathRules } from './routing.ts';

const HEAD = '# Made by `bun run generate` from the table of operations, libs/http/src/contract/operations.ts.\n';

/** The generated files: their names in `nginx/` and their texts. */
export function nginxContract(): Readonly<Record<string, string>> {
  return { 'maps.conf': maps(), 'locations.conf': locations(), 'problems.conf': problems() };
}

/** A regular expression for a path in a request line, where a query may follow. */
const inUri = ({ pattern }: PathRules) => `^${pattern('[^/?]+')}/?([?]|$)`;

function maps(): string {
  const pages = [...PAGE_PATHS.filter((path) => path !== '/'), '/swagger/assets/[^/?]+', '/healthz'].join('|');
  const allow = PATH_RULES.map((rules) => `  "~${inUri(rules)}" "${rules.methods.join(', ')}";`);
  const methods = [...new Set(PATH_RULES.flatMap(({ operations }) => operations.filter(isCreate)).map(methodOf))];
  return `${HEAD}
# The Allow header of nginx's own 405.
map $request_uri $parley_allow {
  default "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
${allow.join('\n')}
  "~^(?:${pages.replaceAll('.', '\\.')})?/?([?]|$)" "GET, HEAD";
}

# ingest serves the creates. The api serves everything else, also wrong methods and unknown paths.
map "$request_method:$uri" $parley_upstream {
  default api;
${methods.map(createsBy).join('\n')}
}
`;
}

function createsBy(method: string): string {
  const paths = PATH_RULES.filter(({ operations }) =>
    operations.some((each) => isCreate(each) && each.method === method),
  );
  return `  "~^${method}:(?:${paths.map(({ pattern }) => pattern('[^/]+')).join('|')})/?$" ingest;`;
}

function isCreate({ program }: Operation): boolean {
  return program === 'ingest';
}

function methodOf({ method }: Operation): string {
  return method;
}

function locations(): string {
  return [HEAD, ...PATH_RULES.map(location)].join('');
}

/** The nginx location for a path; empty unless the path accepts longer bodies than others, or a GET with a body. */
function location({ pattern, bodyBytesMax, takesGetWithBody }: PathRules): string {
  const rules = [
    ...(bodyBytesMax > BODY_BYTES_MAX ? [`  client_max_body_size ${bodyBytesMax};`] : []),
    ...(takesGetWithBody ? ['  proxy_method $parley_method;'] : []),
  ];
  if (rules.length === 0) return '';
  return `
location ~ ^${pattern('[^/]+')}/?$ {
${rules.join('\n')}
  proxy_pass http://$parley_upstream;
}
`;
}

/** nginx's own errors: the status for the client, nginx's codes for it, the detail text, and an additional header. */
const PAGES: readonly (readonly [status: ProblemStatus, codes: string, detail: string, header?: string])[] = [
  [400, '400 495 496 497', 'The request could not be understood, or its path is not in normal form.'],
  [404, '404', 'There is nothing at this address.'],
  [405, '405', 'This method cannot be used here.', 'Allow $parley_allow'],
  [408, '408', 'The request did not arrive in time.'],
  [413, '413', PROBLEMS[413].when],
  [414, '414', 'The address is too long.'],
  [421, '421', 'This system is not called by this host name.'],
  [429, '429', 'The limit of requests for one client is reached.', 'Retry-After 1'],
  [431, '494', 'The header is too long.'],
  [500, '500 507', 'The request could not be handled.'],
  [501, '501', 'There is no such method or transfer coding here.'],
  [503, '502 503 504', 'The service is not available at the moment; try again.', 'Retry-After 1'],
  [505, '505', 'This is a server of HTTP/1.1.'],
];

function problems(): string {
  const errorPages = PAGES.map(([status, codes]) => `error_page ${codes} = /_problems/${status};`);
  return `${HEAD}
# nginx's own errors, as problem details (RFC 9457) like those of the apps; the apps' answers pass unchanged. If an app
# cannot be reached or is too late, the answer is a 503 with a Retry-After. (The pages are addresses, because a named
# location cannot be used if a request's own address was not understood.)
${errorPages.join('\n')}
${PAGES.map(problemPage).join('')}`;
}

function problemPage([status, , detail, header]: (typeof PAGES)[number]): string {
  const body = JSON.stringify({ type: 'about:blank', title: PROBLEMS[status].title, status, detail });
  return `
location = /_problems/${status} {
  internal;
  client_max_body_size 0;
  default_type application/problem+json;
  add_header X-Request-Id $parley_request_id always;
  add_header X-Content-Type-Options nosniff always;
  add_header Strict-Transport-Security $parley_hsts always;
  add_header Access-Control-Allow-Origin $parley_cors_origin always;
  add_header Access-Control-Expose-Headers $parley_cors_exposed always;
  add_header Vary $parley_cors_vary always;
${header === undefined ? '' : `  add_header ${header} always;\n`}  return ${status} '${body}';
}
`;
}

if (import.meta.main) {
  const folder = resolve(import.meta.dir, '../../../../nginx');
  for (const [file, text] of Object.entries(nginxContract())) writeFileSync(`${folder}/${file}`, text);
}
