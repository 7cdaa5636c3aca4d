import { flushAll, ownDatabase } from '@parley/mysql/testing';
import { storeContract } from './store.contract.ts';

/** Runs the tests of Store on the MySQL of MYSQL_URL, in a database of their own. */
storeContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  return { store: mysql.store, settleCounts: () => flushAll(mysql), close };
});
