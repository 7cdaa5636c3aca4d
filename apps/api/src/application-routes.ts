import { BODY_BYTES_MAX } from '@parley/domain';
import {
  ApplicationBody,
  bodySchema,
  jsonBody,
  PATHS,
  refuseQuery,
  tokenLinks,
  tokenPage,
  tokenParam,
} from '@parley/http';
import { Elysia } from 'elysia';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { CountedViews } from './views.ts';

export function applicationRoutes({ store, log, counters, logger }: ApiParts) {
  const views = new CountedViews(counters, logger);
  const first = async (rows: Parameters<typeof views.applications>[0]) => (await views.applications(rows))[0];

  const rename = async (request: Request, text: string, name: string) => {
    refuseQuery(request);
    const token = tokenParam(text);
    return first([await settled(log, token, 'application', () => store.renameApplication(token, name))]);
  };
  const body = { parse: jsonBody(BODY_BYTES_MAX), body: bodySchema(ApplicationBody) };

  return new Elysia({ name: 'parley-api-applications' })
    .get(PATHS.applications, async ({ request, path, set }) => {
      const asked = tokenPage(request);
      const page = await store.applications(asked);
      const link = tokenLinks(path, asked, page);
      if (link !== undefined) set.headers.link = link;
      return views.applications(page.rows);
    })
    .get(PATHS.application, async ({ params, request }) => {
      refuseQuery(request);
      const token = tokenParam(params.token);
      return first([await settled(log, token, 'application', () => store.application(token))]);
    })
    .patch(PATHS.application, ({ params, body, request }) => rename(request, params.token, body.application_name), body)
    .put(PATHS.application, ({ params, body, request }) => rename(request, params.token, body.application_name), body);
}
