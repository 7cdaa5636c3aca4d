import { balancedConfig, commonConfig, portConfig, readConfig, serverConfig } from '@parley/runtime';
import { Type } from 'typebox';

export const ingestSettings = Type.Object({
  ...commonConfig,
  ...serverConfig,
  ...balancedConfig,
  PORT: portConfig(3100),
});

export function ingestConfig(env: Readonly<Record<string, string | undefined>>) {
  return readConfig(ingestSettings, env);
}
