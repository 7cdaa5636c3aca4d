import type { MessagePosition, SearchDocument } from '@parley/domain';
import { bytes, integer } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { DOCUMENT_COLUMNS, type DocumentRow, toDocument } from './documents.ts';

export async function scan(
  pool: Pool,
  after: MessagePosition | undefined,
  limit: number,
): Promise<readonly SearchDocument[]> {
  const rows = await pool.useAgain((session) => session.select<DocumentRow>(scanStatement(after, limit)));
  return rows.map(toDocument);
}

/** The comparison is written out: MySQL does not use an index for `(a, b, c) > (…)`. */
export function scanStatement(after: MessagePosition | undefined, limit: number): string {
  const token = bytes(after?.token ?? '00000000-0000-0000-0000-000000000000');
  const chat = integer(after?.chat ?? 0);
  const number = integer(after?.number ?? 0);
  return `SELECT ${DOCUMENT_COLUMNS} FROM messages FORCE INDEX (PRIMARY)
    WHERE token > ${token} OR (token = ${token} AND chat_number > ${chat})
      OR (token = ${token} AND chat_number = ${chat} AND number > ${number})
    ORDER BY token, chat_number, number LIMIT ${integer(limit)}`;
}
