import {
  accessConfig,
  balancedConfig,
  commonConfig,
  corsConfig,
  portConfig,
  readConfig,
  refusePublishedPasswords,
  serverConfig,
} from '@parley/runtime';
import { Type } from 'typebox';

export const ingestSettings = Type.Object({
  ...commonConfig,
  ...serverConfig,
  ...balancedConfig,
  ...accessConfig,
  ...corsConfig,
  PORT: portConfig(3100),
});

export function ingestConfig(env: Readonly<Record<string, string | undefined>>) {
  return refusePublishedPasswords(readConfig(ingestSettings, env));
}
