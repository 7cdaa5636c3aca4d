import {
  accessConfig,
  balancedConfig,
  commonConfig,
  corsConfig,
  elasticsearchConfig,
  portConfig,
  publicUrlConfig,
  readConfig,
  refusePublishedPasswords,
  serverConfig,
} from '@parley/runtime';
import { Type } from 'typebox';

export const apiSettings = Type.Object({
  ...commonConfig,
  ...serverConfig,
  ...balancedConfig,
  ...accessConfig,
  ...corsConfig,
  ...elasticsearchConfig,
  ...publicUrlConfig,
  PORT: portConfig(3200),
});

export function apiConfig(env: Readonly<Record<string, string | undefined>>) {
  return refusePublishedPasswords(readConfig(apiSettings, env));
}
