import { createConnection } from 'mysql2/promise';
import { type Mysql, openMysql } from '../open.ts';

/** A database of the test's own on the server of MYSQL_URL, migrated; `close` drops it. */
export interface OwnDatabase {
  readonly url: string;
  readonly mysql: Mysql;
  query<Row>(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

export async function ownDatabase({ migrated = true } = {}): Promise<OwnDatabase> {
  const server = process.env.MYSQL_URL;
  if (server === undefined) throw new Error('MYSQL_URL must name a MySQL server for these tests');
  const name = `parley_test_${crypto.randomUUID().replaceAll('-', '')}`;
  const admin = await createConnection(server);
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.changeUser({ database: name });
  const url = new URL(server);
  url.pathname = `/${name}`;
  const mysql = openMysql({ url: url.href });
  if (migrated) await mysql.migrate();
  return {
    url: url.href,
    mysql,
    query: async <Row>(sql: string) => (await admin.query(sql))[0] as Row[],
    close: async () => {
      await mysql.close();
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}
