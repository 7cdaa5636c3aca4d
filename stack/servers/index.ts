/** The servers that the system needs, a file for each. */
import type { Service, StackContext } from '../service.ts';
import { elasticsearchService } from './elasticsearch.ts';
import { mysqlService } from './mysql.ts';
import { epmdService, rabbitmqService } from './rabbitmq.ts';
import { redisService } from './redis.ts';

export function serverServices(context: StackContext): Service[] {
  return [
    redisService(context),
    epmdService(context),
    rabbitmqService(context),
    mysqlService(context),
    elasticsearchService(context),
  ];
}
