/** Applications, chats and messages in MySQL: the drivers of Store and Ledger. */
export type { EpochRow, NextEpoch } from './epochs.ts';
export type { KeyedCreate } from './keyed-creates.ts';
export { type Mysql, type MysqlOptions, openMysql } from './open.ts';
export { WrongPartitions } from './partitioning.ts';
