/** Numbers, idempotency keys and live counts in Redis: the drivers of Numbering and Counters. */
export type { Address, Login, RedisServers } from './connect.ts';
export { RedisNumbering } from './numbering.ts';
export { openRedis, type RedisDrivers, type RedisOptions } from './open.ts';
export { redisServers } from './servers.ts';
export { WrongRedis } from './version.ts';
