/** Faults: MySQL dies, is stopped, is frozen, refuses writes, waits for locks. */
import { partitionOf } from '@parley/domain';
import type { Fault } from '../fault.ts';
import { connectMysql, withMysql } from '../observe.ts';
import { PARTITIONS } from '../stack.ts';

export const mysqlFaults: readonly Fault[] = [
  {
    name: 'mysql-kill',
    description: 'kill -9 of MySQL, started again 1 s later',
    holdMs: 1_000,
    inject: ({ stack }) => stack.kill('mysql'),
    heal: async ({ stack }) => {
      await stack.start('mysql');
    },
  },
  {
    name: 'mysql-stopped',
    description: 'MySQL is stopped for 30 s',
    holdMs: 30_000,
    inject: async ({ stack }) => {
      await stack.stop('mysql');
    },
    heal: async ({ stack }) => {
      await stack.start('mysql');
    },
  },
  {
    name: 'mysql-frozen',
    description: 'MySQL stands still for 10 s (SIGSTOP)',
    holdMs: 10_000,
    inject: async ({ stack }) => stack.signal('mysql', 'SIGSTOP'),
    heal: async ({ stack }) => stack.signal('mysql', 'SIGCONT'),
  },
  {
    name: 'mysql-read-only',
    description: 'MySQL takes no writes for 10 s (super_read_only)',
    holdMs: 10_000,
    inject: ({ stack }) =>
      withMysql(stack, async (mysql) => {
        await mysql.query('SET GLOBAL super_read_only = ON');
      }),
    heal: ({ stack }) =>
      withMysql(stack, async (mysql) => {
        await mysql.query('SET GLOBAL read_only = OFF');
      }),
  },
  {
    name: 'mysql-locks',
    description: 'another client locks the rows of the hot chat and of the partitions for 8 s',
    holdMs: 0,
    inject: async ({ stack, load }) => {
      const mysql = await connectMysql(stack);
      await mysql.query('SET SESSION wait_timeout = 60');
      await mysql.query('BEGIN');
      const { token, chat } = load.hot;
      const condition = 'WHERE partition_number = ? AND token = UUID_TO_BIN(?) AND chat_number = ?';
      const key = [partitionOf(token, PARTITIONS), token, chat];
      await mysql.query(`SELECT number FROM messages ${condition} FOR UPDATE`, key);
      await mysql.query('SELECT * FROM partitions FOR UPDATE');
      await Bun.sleep(8_000);
      mysql.destroy();
    },
    heal: async () => {},
  },
];
