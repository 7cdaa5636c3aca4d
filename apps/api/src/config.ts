import {
  balancedConfig,
  commonConfig,
  elasticsearchConfig,
  portConfig,
  publicUrlConfig,
  readConfig,
  serverConfig,
} from '@parley/runtime';
import { Type } from 'typebox';

export const apiSettings = Type.Object({
  ...commonConfig,
  ...serverConfig,
  ...balancedConfig,
  ...elasticsearchConfig,
  ...publicUrlConfig,
  PORT: portConfig(3200),
});

export function apiConfig(env: Readonly<Record<string, string | undefined>>) {
  return readConfig(apiSettings, env);
}
