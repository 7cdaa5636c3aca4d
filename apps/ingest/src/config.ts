import {
  accessConfig,
  balancedConfig,
  commonConfig,
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
  PORT: portConfig(3100),
});

export function ingestConfig(env: Readonly<Record<string, string | undefined>>) {
  return refusePublishedPasswords(readConfig(ingestSettings, env));
}
