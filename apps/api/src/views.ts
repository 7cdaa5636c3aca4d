/** How clients see the store's rows. Times are ISO 8601 in UTC with milliseconds. */
import {
  type Application,
  type Chat,
  type Counters,
  isoTime,
  type LastMessage,
  type ReadMark,
  type Sequence,
} from '@parley/domain';
import { etagOf } from '@parley/http';
import type { Logger } from '@parley/runtime';

export function lastMessageView({ number, content, senderId, createdAt }: LastMessage) {
  return {
    ...{ number, content },
    ...(senderId !== undefined && { sender_id: senderId }),
    created_at: isoTime(createdAt),
  };
}

export function readView({ userId, number, updatedAt }: ReadMark) {
  return { user_id: userId, message_number: number, updated_at: isoTime(updatedAt) };
}

/** Metadata is kept as text; clients get the object. */
function metadataView(metadata: string | undefined): { metadata?: object } {
  return metadata === undefined ? {} : { metadata: JSON.parse(metadata) as object };
}

function applicationView({ token, name, metadata, chatsCount, createdAt, updatedAt }: Application, pending = 0) {
  return {
    ...{ token, name },
    ...metadataView(metadata),
    chats_count: countView(chatsCount, pending),
    ...{ created_at: isoTime(createdAt), updated_at: isoTime(updatedAt) },
  };
}

export type ChatView = ReturnType<typeof chatView>;

function chatView({ number, name, metadata, messagesCount, createdAt, updatedAt }: Chat, pending = 0) {
  return {
    ...{ number, name },
    ...metadataView(metadata),
    messages_count: countView(messagesCount, pending),
    ...{ created_at: isoTime(createdAt), updated_at: isoTime(updatedAt) },
  };
}

/** Redis may have lost live counts of creates, and kept those of deletes. */
function countView(counted: number, pending: number): number {
  return Math.max(0, counted + pending);
}

const ofApplication = ({ token }: Application): Sequence => ({ kind: 'chats', token });

/**
 * Views with counts: the row's own count plus the live count (rows that are committed but not yet summed into it). If
 * the live counts cannot be read, the view has the row's own count, as old as the last flush (a minute by default). So
 * the read is not refused.
 */
export class CountedViews {
  constructor(
    private readonly counters: Counters,
    private readonly logger: Logger,
  ) {}

  async applications(rows: readonly Application[]) {
    const pending = await this.#pending(rows, ofApplication);
    return rows.map((row, index) => applicationView(row, pending[index]));
  }

  async application(row: Application) {
    const item = applicationView(row, (await this.#pending([row], ofApplication))[0]);
    return { item, etag: etagOf(row.version, item.chats_count) };
  }

  async chats(token: string, rows: readonly Chat[]) {
    const pending = await this.#pending(rows, ({ number }) => ({ kind: 'messages', token, chat: number }));
    return rows.map((row, index) => chatView(row, pending[index]));
  }

  async chat(token: string, row: Chat) {
    const [pending] = await this.#pending([row], ({ number }) => ({ kind: 'messages', token, chat: number }));
    const item = chatView(row, pending);
    return { item, etag: etagOf(row.version, item.messages_count) };
  }

  /**
   * The live count of each row; an empty array if they cannot be read. One call asks for all rows that were summed up
   * to the same generation (`countedThrough`), which is the same for all rows of a partition.
   */
  async #pending<Row extends { countedThrough: number }>(
    rows: readonly Row[],
    sequenceOf: (row: Row) => Sequence,
  ): Promise<readonly number[]> {
    const pending = Array<number>(rows.length).fill(0);
    const groups = Map.groupBy(rows.keys(), (index) => rows[index]?.countedThrough ?? 0);
    const ask = async (countedThrough: number, indexes: readonly number[]) => {
      const sequences = indexes.flatMap((index) => rows.slice(index, index + 1).map(sequenceOf));
      for (const [place, count] of (await this.counters.pending(countedThrough, sequences)).entries()) {
        pending[indexes[place] ?? -1] = count;
      }
    };
    try {
      await Promise.all([...groups].map(([countedThrough, indexes]) => ask(countedThrough, indexes)));
      return pending;
    } catch (error) {
      this.logger.warn({ err: error }, 'live counts are away; answering the counts of the last flush');
      return [];
    }
  }
}
