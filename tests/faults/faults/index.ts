/** All faults, in the order in which they are run. */
import type { Fault } from '../fault.ts';
import { appFaults } from './apps.ts';
import { elasticsearchFaults } from './elasticsearch.ts';
import { mysqlFaults } from './mysql.ts';
import { rabbitmqFaults } from './rabbitmq.ts';
import { redisFaults } from './redis.ts';

/** Nothing is broken: what the harness itself costs, and that it finds nothing where there is nothing. */
const none: Fault = {
  name: 'none',
  description: 'nothing happens',
  holdMs: 2_000,
  inject: async () => {},
  heal: async () => {},
};

export const FAULTS: readonly Fault[] = [
  none,
  ...appFaults,
  ...redisFaults,
  ...rabbitmqFaults,
  ...mysqlFaults,
  ...elasticsearchFaults,
];
