import { commonConfig, portConfig, readConfig } from '@parley/runtime';
import { Type } from 'typebox';

const schema = Type.Object({
  ...commonConfig,
  PORT: portConfig(8080),
  DATA_DIR: Type.String({ default: 'data', description: 'the folder for everything that is stored' }),
  QUEUE_BYTES_MAX: Type.Integer({
    default: 64 * 1024 * 1024,
    minimum: 0,
    description: 'bytes that accepted creates may take in memory before they are committed; more is refused with 503',
  }),
});

export function standaloneConfig(env: Readonly<Record<string, string | undefined>>) {
  return readConfig(schema, env);
}
