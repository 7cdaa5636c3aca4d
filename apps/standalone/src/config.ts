import {
  accessConfig,
  commonConfig,
  corsConfig,
  feedConfig,
  portConfig,
  publicUrlConfig,
  purgeConfig,
  readConfig,
} from '@parley/runtime';
import { Type } from 'typebox';

export const standaloneSettings = Type.Object({
  ...commonConfig,
  ...publicUrlConfig,
  ...purgeConfig,
  ...feedConfig,
  ...accessConfig,
  ...corsConfig,
  HOST: Type.String({ default: 'localhost', description: 'the address to listen on; localhost is 127.0.0.1 and ::1' }),
  PORT: portConfig(8080),
  ALLOWED_HOSTS: Type.String({
    default: '',
    description:
      'names to be called by, separated by commas, `*.example.com` for all below; empty: any, on loopback only its names',
  }),
  DATA_DIR: Type.String({ default: 'data', description: 'the folder for everything that is stored' }),
  QUEUE_BYTES_MAX: Type.Integer({
    default: 64 * 1024 * 1024,
    minimum: 0,
    description: 'bytes of creates in memory before their commit; more is 503',
  }),
});

export function standaloneConfig(env: Readonly<Record<string, string | undefined>>) {
  return readConfig(standaloneSettings, env);
}
