/** Helpers for the tests of several packages. Programs never import them. */
export * from './failure.ts';
export * from './free-port.ts';
export * from './left-out.ts';
export * from './messages-in.ts';
export * from './taker.ts';
export * from './tcp-proxy.ts';
export * from './thrown-apart.ts';
export * from './until.ts';
