import { flushAll, ownDatabase, PARTITIONS } from '@parley/mysql/testing';
import { purgeContract } from './purge.contract.ts';
import { storeContract } from './store.contract.ts';

/** Runs the tests of Store and Purge on the MySQL of MYSQL_URL, in databases of their own. */
storeContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  return { store: mysql.store, settleCounts: () => flushAll(mysql), close };
});

purgeContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  const { store, purge } = mysql;
  return { store, purge, partitions: PARTITIONS, settleCounts: () => flushAll(mysql), close };
});
