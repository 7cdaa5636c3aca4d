import { REPLAYED_MAX } from '@parley/domain';
import { type Handlers, pageLimit, tokenLinks, tokenPage } from '@parley/http';
import { limitsView } from './limits.ts';
import type { ApiParts } from './parts.ts';
import { CountedViews } from './views.ts';

type AdminHandlers = Handlers<'listPrograms' | 'listLimitedApplications' | 'listDeadLetters' | 'replayDeadLetters'>;

/** What the operator of the installation sees of it. */
export function adminHandlers({ store, counters, figures, deadLetters, logger }: ApiParts): AdminHandlers {
  const views = new CountedViews(counters, logger);

  return {
    listPrograms: async () =>
      (await figures.all()).map(({ id, name, version, startedAt, at, values }) => ({
        ...{ id, name, version, values: { ...values } },
        started_at: new Date(startedAt).toISOString(),
        at: new Date(at).toISOString(),
      })),
    listLimitedApplications: async ({ query, path }) => {
      const asked = tokenPage(query);
      const page = await store.applications(asked);
      const shown = await views.applications(page.rows);
      const items = page.rows.map((row, index) => {
        const { token, name, createdAt, updatedAt } = row;
        return {
          ...{ token, name, chats_count: shown[index]?.chats_count ?? row.chatsCount },
          limits: limitsView(row),
          created_at: new Date(createdAt).toISOString(),
          updated_at: new Date(updatedAt).toISOString(),
        };
      });
      return { items, link: tokenLinks(path, asked, page) };
    },
    listDeadLetters: async ({ query }) =>
      (await deadLetters.list(pageLimit(query))).map(({ reason, detail, content }) => ({
        ...{ reason, detail },
        content: new TextDecoder().decode(content),
      })),
    replayDeadLetters: async ({ body }) => {
      const waiting = await deadLetters.count();
      const replayed = waiting === 0 ? 0 : await deadLetters.replay(Math.min(body.limit ?? REPLAYED_MAX, waiting));
      return { replayed, waiting };
    },
  };
}
