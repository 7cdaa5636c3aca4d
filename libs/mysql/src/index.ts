/** Applications, chats and messages in MySQL: the drivers of the ports Store and Ledger. */
export { type Mysql, type MysqlOptions, openMysql } from './open.ts';
export { WrongPartitions } from './partitioning.ts';
