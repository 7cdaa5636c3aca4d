import type { Message, Page } from './entities.ts';

/**
 * A page of messages as clients see it: `json` is an array of messages (see `messageJson`) as bytes in UTF-8, `rows` the
 * numbers in it, in the same order. A store that reads rows as bytes makes no objects of them.
 */
export interface MessagePage extends Page<{ readonly number: number }> {
  readonly json: Uint8Array<ArrayBuffer>;
}

/** How clients see a message. Its metadata is kept as JSON. */
export function messageJson({ number, content, senderId, metadata, createdAt, updatedAt }: Message): string {
  const sender = senderId === undefined ? '' : `,"sender_id":${JSON.stringify(senderId)}`;
  const more = metadata === undefined ? '' : `,"metadata":${metadata}`;
  const times = `,"created_at":"${isoTime(createdAt)}","updated_at":"${isoTime(updatedAt)}"`;
  return `{"number":${number},"content":${JSON.stringify(content)}${sender}${more}${times}}`;
}

export function messagePageOf(page: Page<Message>): MessagePage {
  return { ...page, json: encoder.encode(`[${page.rows.map(messageJson).join()}]`) };
}

const encoder = new TextEncoder();

/** The last formatted time up to its second: kept because the times of one page are mostly close to each other. */
let lastSecond = Number.NaN;
let upToSecond = '';

/** How clients see a time: ISO 8601 in UTC, with milliseconds. */
export function isoTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1_000);
  if (second !== lastSecond) {
    lastSecond = second;
    upToSecond = new Date(second * 1_000).toISOString().slice(0, -'000Z'.length);
  }
  return `${upToSecond}${String(milliseconds - second * 1_000).padStart(3, '0')}Z`;
}
