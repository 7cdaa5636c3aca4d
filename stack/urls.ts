/** Where the apps find the servers of this stack. */
import { CREDENTIALS, type Ports } from './settings.ts';

export function connectionUrls(ports: Ports): Record<string, string> {
  const { user, password, database } = CREDENTIALS;
  return {
    REDIS_URL: `redis://127.0.0.1:${ports.redis}`,
    RABBITMQ_URL: `amqp://${user}:${password}@127.0.0.1:${ports.rabbitmq}`,
    MYSQL_URL: `mysql://${user}:${password}@127.0.0.1:${ports.mysql}/${database}`,
    ELASTICSEARCH_URL: `http://127.0.0.1:${ports.elasticsearch}`,
  };
}
