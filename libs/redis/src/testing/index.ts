/** For the tests of other packages. */
export { deleteKeys, redisUrl } from './keys.ts';
export { epochRegister } from './register.ts';
export { canStartServers, formCluster, RedisServer } from './server.ts';
