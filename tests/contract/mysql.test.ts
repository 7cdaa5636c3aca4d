import { advanceAll, flushAll, ownDatabase, PARTITIONS, pruneAll } from '@parley/mysql/testing';
import { feedContract, feedPurgeContract } from './feed.contract.ts';
import { inboxContract } from './inbox.contract.ts';
import { keyStoreContract } from './key-store.contract.ts';
import { purgeContract } from './purge.contract.ts';
import { storeContract } from './store.contract.ts';

/** Runs the tests of Store, Purge and Feed on the MySQL of MYSQL_URL, in databases of their own. */
storeContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  return { store: mysql.store, settleCounts: () => flushAll(mysql), close };
});

purgeContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  const { store, purge } = mysql;
  return { store, purge, partitions: PARTITIONS, settleCounts: () => flushAll(mysql), close };
});

inboxContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  return { store: mysql.store, settle: () => advanceAll(mysql), close };
});

keyStoreContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  return { keys: mysql.keys, store: mysql.store, close };
});

/** Entries are removed only once they are indexed, counted and in the inbox. */
feedContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  const { store, ledger, feed } = mysql;
  return {
    store,
    feed,
    partitions: PARTITIONS,
    forget: async (window) => {
      while ((await ledger.indexNext(1_000, async () => {})) > 0);
      await flushAll(mysql);
      await advanceAll(mysql);
      await pruneAll(mysql, window);
    },
    close,
  };
});

feedPurgeContract('the MySQL', async () => {
  const { mysql, close } = await ownDatabase();
  return { store: mysql.store, feed: mysql.feed, purge: mysql.purge, partitions: PARTITIONS, close };
});
