/** All faults, in the order in which they are run. */
import type { Fault } from '../fault.ts';
import { appFaults } from './apps.ts';
import { clockFaults } from './clock.ts';
import { combinedFaults } from './combined.ts';
import { deleteFaults } from './deletes.ts';
import { elasticsearchFaults } from './elasticsearch.ts';
import { fullFaults } from './full.ts';
import { mysqlFaults } from './mysql.ts';
import { networkFaults } from './network.ts';
import { poisonFaults } from './poison.ts';
import { rabbitmqFaults } from './rabbitmq.ts';
import { redisFaults } from './redis.ts';
import { replicaFaults } from './replica.ts';
import { workerFaults } from './worker.ts';

/**
 * A run in which nothing is broken. Shows what the harness itself costs, and that it finds nothing in a healthy system.
 */
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
  ...workerFaults,
  ...redisFaults,
  ...replicaFaults,
  ...combinedFaults,
  ...deleteFaults,
  ...rabbitmqFaults,
  ...fullFaults,
  ...mysqlFaults,
  ...elasticsearchFaults,
  ...networkFaults,
  ...poisonFaults,
  ...clockFaults,
];
