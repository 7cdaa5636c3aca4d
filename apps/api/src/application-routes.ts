import { BODY_BYTES_MAX } from '@parley/domain';
import { ApplicationBody, bodySchema, jsonBody, PATHS, pageLinks, tokenPage, tokenParam } from '@parley/http';
import { Elysia } from 'elysia';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { CountedViews } from './views.ts';

export function applicationRoutes({ store, log, counters, logger }: ApiParts) {
  const views = new CountedViews(counters, logger);
  const first = async (rows: Parameters<typeof views.applications>[0]) => (await views.applications(rows))[0];

  const rename = async (text: string, name: string) => {
    const token = tokenParam(text);
    return first([await settled(log, token, 'application', () => store.renameApplication(token, name))]);
  };
  const body = { parse: jsonBody(BODY_BYTES_MAX), body: bodySchema(ApplicationBody) };

  return new Elysia({ name: 'parley-api-applications' })
    .get(PATHS.applications, async ({ query, path, set }) => {
      const page = tokenPage(query);
      const { rows, more } = await store.applications(page);
      const link = pageLinks(path, page, { first: rows.at(0)?.token, last: rows.at(-1)?.token, more });
      if (link !== undefined) set.headers.link = link;
      return views.applications(rows);
    })
    .get(PATHS.application, async ({ params }) => {
      const token = tokenParam(params.token);
      return first([await settled(log, token, 'application', () => store.application(token))]);
    })
    .patch(PATHS.application, ({ params, body }) => rename(params.token, body.application_name), body)
    .put(PATHS.application, ({ params, body }) => rename(params.token, body.application_name), body);
}
