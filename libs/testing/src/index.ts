/** What tests of several packages need. Programs never import it. */
export * from './failure.ts';
export * from './free-port.ts';
export * from './left-out.ts';
export * from './tcp-proxy.ts';
export * from './until.ts';
