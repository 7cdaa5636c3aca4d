export * from './config.ts';
export * from './deadline.ts';
export * from './disk-metrics.ts';
export * from './logger.ts';
export * from './metrics.ts';
export * from './program.ts';
export * from './readings.ts';
export * from './tallies.ts';
