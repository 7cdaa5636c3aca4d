/** The addresses of this stack's servers, as the apps' environment variables. */
import { CREDENTIALS, type Ports } from './settings.ts';

export function connectionUrls(ports: Ports): Record<string, string> {
  const { user, password } = CREDENTIALS;
  return {
    REDIS_URL: `redis://127.0.0.1:${ports.redis}`,
    RABBITMQ_URL: `amqp://${user}:${password}@127.0.0.1:${ports.rabbitmq}`,
    MYSQL_URL: mysqlUrl(user, ports),
    ELASTICSEARCH_URL: `http://127.0.0.1:${ports.elasticsearch}`,
  };
}

/** MySQL's address for the worker, as the user who may change tables. */
export function migrationUrl(ports: Ports): string {
  return mysqlUrl(CREDENTIALS.migrationUser, ports);
}

function mysqlUrl(user: string, { mysql }: Ports): string {
  const { password, database } = CREDENTIALS;
  return `mysql://${user}:${password}@127.0.0.1:${mysql}/${database}`;
}
