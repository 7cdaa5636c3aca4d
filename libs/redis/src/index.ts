/**
 * Numbers, idempotency keys, live counts, hints and figures in Redis: the drivers of Numbering, Counters, AccessHints and
 * Figures.
 */
export type { Address, Login, RedisServers } from './connect.ts';
export { RedisNumbering } from './numbering.ts';
export { openRedis, type RedisDrivers, type RedisOptions } from './open.ts';
export { redisServers } from './servers.ts';
export { WrongRedis } from './version.ts';
