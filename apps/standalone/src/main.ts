import { runProgram } from '@parley/runtime';
import { standaloneConfig } from './config.ts';
import { startStandalone } from './standalone.ts';

await runProgram(() => startStandalone(standaloneConfig(process.env)));
