import { accessOperations, adminOperations } from './access-operations.ts';
import { applicationOperations } from './application-operations.ts';
import { chatOperations } from './chat-operations.ts';
import { messageOperations } from './message-operations.ts';
import type { Operation, Program } from './operation.ts';
import { searchOperations } from './search-operations.ts';

/**
 * The table of operations. The programs' routes, the methods of each path, nginx's configuration, and the OpenAPI
 * document with its errors are made from it. To add an operation, add it to its part and write its handler.
 */
export const OPERATIONS = {
  ...applicationOperations,
  ...chatOperations,
  ...messageOperations,
  ...searchOperations,
  ...accessOperations,
  ...adminOperations,
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationId = keyof typeof OPERATIONS;
export type OperationOf<Of extends Program> = {
  [Id in OperationId]: (typeof OPERATIONS)[Id]['program'] extends Of ? Id : never;
}[OperationId];

export const OPERATION_IDS = Object.keys(OPERATIONS) as readonly OperationId[];
