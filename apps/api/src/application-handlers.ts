import { type Asked, type Handlers, tokenLinks, tokenPage } from '@parley/http';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { CountedViews } from './views.ts';

type ApplicationHandlers = Handlers<'listApplications' | 'getApplication' | 'updateApplication' | 'replaceApplication'>;

export function applicationHandlers({ store, events, counters, logger }: ApiParts): ApplicationHandlers {
  const views = new CountedViews(counters, logger);

  const rename = async ({ token, body }: Asked<'updateApplication'>) => {
    const name = body.application_name;
    return views.application(
      await settled({ events, store }, token, 'application', () => store.renameApplication(token, name)),
    );
  };

  return {
    listApplications: async ({ query, path }) => {
      const asked = tokenPage(query);
      const page = await store.applications(asked);
      return { items: await views.applications(page.rows), link: tokenLinks(path, asked, page) };
    },
    getApplication: async ({ token }) =>
      views.application(await settled({ events, store }, token, 'application', () => store.application(token))),
    updateApplication: rename,
    replaceApplication: rename,
  };
}
