import type { ApplicationChange } from '@parley/domain';
import { type Handlers, tokenLinks, tokenPage } from '@parley/http';
import { changedMetadata, replacedMetadata } from './changes.ts';
import { deleteOwner } from './delete-owner.ts';
import { limitsChange, limitsView } from './limits.ts';
import type { ApiParts } from './parts.ts';
import { owning, settled } from './read-your-writes.ts';
import { tellHint } from './tell-hint.ts';
import { CountedViews } from './views.ts';

type ApplicationHandlers = Handlers<
  | 'listApplications'
  | 'getApplication'
  | 'updateApplication'
  | 'replaceApplication'
  | 'deleteApplication'
  | 'getLimits'
  | 'updateLimits'
>;

export function applicationHandlers(parts: ApiParts): ApplicationHandlers {
  const { store, events, counters, logger } = parts;
  const views = new CountedViews(counters, logger);

  const change = async (token: string, changes: ApplicationChange) =>
    views.application(
      await settled({ events, store }, token, 'application', () => store.changeApplication(token, changes)),
    );

  return {
    listApplications: async ({ query, path }) => {
      const asked = tokenPage(query);
      const page = await store.applications(asked);
      return { items: await views.applications(page.rows), link: tokenLinks(path, asked, page) };
    },
    getApplication: async ({ token }) =>
      views.application(await settled({ events, store }, token, 'application', () => store.application(token))),
    updateApplication: async ({ token, versions, body }) =>
      change(token, { name: body.application_name, metadata: changedMetadata(body.metadata), versions }),
    replaceApplication: async ({ token, versions, body }) =>
      change(token, { name: body.application_name, metadata: replacedMetadata(body.metadata), versions }),
    deleteApplication: async ({ token, versions }) => {
      await deleteOwner(parts, { token }, versions);
    },
    getLimits: async ({ token }) =>
      limitsView(await owning({ events, store }, token, 'application', () => store.application(token))),
    updateLimits: async ({ token, body }) => {
      const row = await owning({ events, store }, token, 'application', () =>
        store.changeApplication(token, limitsChange(body)),
      );
      await tellHint(parts, { kind: 'changed' });
      return limitsView(row);
    },
  };
}
