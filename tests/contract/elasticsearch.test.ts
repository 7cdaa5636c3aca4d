import type { PlacedMessage } from '@parley/domain';
import { openElasticsearch } from '@parley/elasticsearch';
import { searchIndexContract } from './search-index.contract.ts';

/** Runs the tests of SearchIndex on the Elasticsearch of ELASTICSEARCH_URL. `close` deletes their index. */
searchIndexContract('the Elasticsearch', async () => {
  const url = process.env.ELASTICSEARCH_URL;
  if (url === undefined) throw new Error('ELASTICSEARCH_URL must name an Elasticsearch server for these tests');
  const { search, admin, indexInto, close } = openElasticsearch({ url, alias: `test-${crypto.randomUUID()}` });
  const { name } = await admin.ensureIndex();
  const known = new Map<string, PlacedMessage>();
  const keyOf = (token: string, chat: number, number: number) => `${token}:${chat}:${number}`;
  return {
    index: search,
    store: {
      messagesAt: async (token, places) =>
        places.flatMap(({ chat, number }) => known.get(keyOf(token, chat, number)) ?? []),
    },
    given: async (documents) => {
      for (const { token, chat, number, content, senderId, createdAt, version } of documents) {
        const key = keyOf(token, chat, number);
        if (content === undefined) known.delete(key);
        else known.set(key, { chat, number, content, senderId, version, createdAt, updatedAt: createdAt });
      }
      const refused = await indexInto([name], documents);
      if (refused.length > 0) throw new Error(`refused: ${refused[0]?.reason}`);
      await admin.refresh();
    },
    close: async () => {
      await admin.dropIndex(name);
      await close();
    },
  };
});
