/** For the standalone: it does the commands that it is asked for over its socket. */

export { keysHere } from './keys/here.ts';
export type { KeysParts } from './keys/parts.ts';
export { type CommandSocket, serveCommands } from './socket.ts';
