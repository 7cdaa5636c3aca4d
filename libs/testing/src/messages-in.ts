/** A message as clients see it. */
export interface ShownMessage {
  readonly number: number;
  readonly content: string;
  readonly sender_id?: string;
  readonly metadata?: object;
  readonly created_at: string;
  readonly updated_at: string;
}

/** The messages of a page that a store has made. */
export function messagesIn(page: { readonly json: Uint8Array }): readonly ShownMessage[] {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(page.json));
}
