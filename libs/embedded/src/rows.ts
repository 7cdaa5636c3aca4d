/** The columns of the rows, and how they become entities of the domain. */
import {
  type Application,
  type ApplicationLimits,
  type Chat,
  LIMIT_NAMES,
  type LimitName,
  type Message,
} from '@parley/domain';
import { NUMBER_MASK } from './database.ts';

type Nullable<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] };
/** `deletedAt`: when the row was deleted; null if it was not. */
export interface Deletable {
  readonly deletedAt: number | null;
}
/** An application's own limits; null: the installation's default. */
export type LimitColumns = { readonly [Name in LimitName]: number | null };
export type ApplicationRow = Nullable<Omit<Application, 'countedThrough' | 'limits'>> & LimitColumns & Deletable;
export type ChatRow = Nullable<Omit<Chat, 'countedThrough'>> & Deletable;
export type MessageRow = Nullable<Message> & Deletable;

export const LIMIT_COLUMNS = `messages_per_second AS messagesPerSecond, requests_per_second AS requestsPerSecond,
  creates_in_flight AS createsInFlight, live_connections AS liveConnections`;
export const APPLICATION_COLUMNS = `${LIMIT_COLUMNS}, token, name, metadata, retention_days AS retentionDays, version,
  chats_count AS chatsCount, created_at AS createdAt, updated_at AS updatedAt, deleted_at AS deletedAt`;
export const CHAT_COLUMNS = `number, name, metadata, version, messages_count AS messagesCount,
  created_at AS createdAt, updated_at AS updatedAt, deleted_at AS deletedAt`;
/** The columns of a message, without its number. */
export const MESSAGE_COLUMNS = `content, sender_id AS senderId, metadata, version, created_at AS createdAt,
  updated_at AS updatedAt, deleted_at AS deletedAt`;
export const NUMBERED_MESSAGE_COLUMNS = `id & ${NUMBER_MASK} AS number, ${MESSAGE_COLUMNS}`;

/** Counts are updated with the rows, so there are no live counts to add. */
const COUNTED_THROUGH = 0;

export function applicationOf(row: ApplicationRow): Application {
  const { token, name, metadata, retentionDays, version, chatsCount, createdAt, updatedAt } = row;
  const limits = limitsOf(row);
  return {
    token,
    name,
    metadata: metadata ?? undefined,
    retentionDays: retentionDays ?? undefined,
    ...(limits !== undefined && { limits }),
    version,
    chatsCount,
    countedThrough: COUNTED_THROUGH,
    createdAt,
    updatedAt,
  };
}

/** The limits that an application has of its own; undefined if it has none. */
export function limitsOf(row: LimitColumns): ApplicationLimits | undefined {
  const own = LIMIT_NAMES.flatMap((name) => (row[name] === null ? [] : [[name, row[name]] as const]));
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

export function chatOf({ number, name, metadata, version, messagesCount, createdAt, updatedAt }: ChatRow): Chat {
  const countedThrough = COUNTED_THROUGH;
  return {
    number,
    name,
    metadata: metadata ?? undefined,
    version,
    messagesCount,
    countedThrough,
    createdAt,
    updatedAt,
  };
}

export function messageOf({ number, content, senderId, metadata, version, createdAt, updatedAt }: MessageRow): Message {
  return {
    number,
    content,
    senderId: senderId ?? undefined,
    metadata: metadata ?? undefined,
    version,
    createdAt,
    updatedAt,
  };
}
