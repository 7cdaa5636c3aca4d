import type { MessagePosition, Scanned } from '@parley/domain';
import { partitionOf } from '@parley/domain';
import { bytes, integer } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { DOCUMENT_COLUMNS, type DocumentRow, toDocument } from './documents.ts';
import { Living, type LivingRow, livingStatement } from './living.ts';

/**
 * Leaves out what is deleted. An index that is filled by a scan was on the list of search indices before: a later
 * delete, or removal, has its own batch, which puts a document without content into that index too. Its version is
 * above that of a document which a slow scan or indexer still has under way.
 */
export async function scan(
  pool: Pool,
  partitions: number,
  after: MessagePosition | undefined,
  limit: number,
): Promise<Scanned> {
  return pool.useAgain(async (session) => {
    const rows = await session.select<DocumentRow>(scanStatement(after, limit));
    const found = rows.map(toDocument);
    const last = found.at(-1);
    if (last === undefined) return { documents: [] };
    const placed = found.map((document) => ({ ...document, partition: partitionOf(document.token, partitions) }));
    const living = new Living(await session.select<LivingRow>(livingStatement(placed)));
    const { token, chat, number } = last;
    return {
      documents: found.filter(
        (document) =>
          document.content !== undefined && document.number > living.hiddenThrough(document.token, document.chat),
      ),
      next: { partition: partitionOf(token, partitions), token, chat, number },
    };
  });
}

/** The comparison with `after` is written out by column: MySQL does not use an index for `(a, b, c, d) > (…)`. */
export function scanStatement(after: MessagePosition | undefined, limit: number): string {
  const partition = `partition_number = ${integer(after?.partition ?? 0)}`;
  const token = bytes(after?.token ?? '00000000-0000-0000-0000-000000000000');
  const chat = integer(after?.chat ?? 0);
  const number = integer(after?.number ?? 0);
  return `SELECT ${DOCUMENT_COLUMNS} FROM messages FORCE INDEX (PRIMARY)
    WHERE partition_number > ${integer(after?.partition ?? 0)} OR (${partition} AND token > ${token})
      OR (${partition} AND token = ${token} AND chat_number > ${chat})
      OR (${partition} AND token = ${token} AND chat_number = ${chat} AND number > ${number})
    ORDER BY partition_number, token, chat_number, number LIMIT ${integer(limit)}`;
}
