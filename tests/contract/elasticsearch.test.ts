import { openElasticsearch } from '../../libs/elasticsearch/src/index.ts';
import { searchIndexContract } from './search-index.contract.ts';

/** The driver on the Elasticsearch of ELASTICSEARCH_URL, with an index of its own, which goes with it. */
searchIndexContract('the Elasticsearch', async () => {
  const url = process.env.ELASTICSEARCH_URL;
  if (url === undefined) throw new Error('ELASTICSEARCH_URL must name an Elasticsearch server for these tests');
  const { search, admin, close } = openElasticsearch({ url, alias: `test-${crypto.randomUUID()}` });
  const { name } = await admin.ensureIndex();
  const write = async (documents: Parameters<typeof search.index>[0]) => {
    const refused = await search.index(documents);
    if (refused.length > 0) throw new Error(`refused: ${refused[0]?.reason}`);
    await admin.refresh();
  };
  return {
    index: search,
    given: write,
    late: write,
    close: async () => {
      await admin.dropIndex(name);
      await close();
    },
  };
});
