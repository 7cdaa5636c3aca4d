import { openMysql } from '@parley/mysql';
import { createConnection } from 'mysql2/promise';
import { storeContract } from './store.contract.ts';

/** The store on the MySQL of MYSQL_URL, in a database of its own. */
storeContract('the MySQL', async () => {
  const url = process.env.MYSQL_URL;
  if (url === undefined) throw new Error('MYSQL_URL must name a MySQL server for these tests');
  const database = `parley_test_${crypto.randomUUID().replaceAll('-', '')}`;
  const server = await createConnection(url);
  await server.query(`CREATE DATABASE ${database}`);
  const own = new URL(url);
  own.pathname = `/${database}`;
  const mysql = openMysql({ url: own.href });
  await mysql.migrate();
  return {
    store: mysql.store,
    close: async () => {
      await mysql.close();
      await server.query(`DROP DATABASE ${database}`);
      await server.end();
    },
  };
});
