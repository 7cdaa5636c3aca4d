import type { MessageExtras } from '@parley/domain';
import { ERRORS_MAX, type FieldError, givenTime, metadataTextAt, NO_TIME, wrongBody } from '@parley/http';

/** A message of a request, besides its content. */
export interface GivenMessage {
  readonly sender_id?: string;
  readonly metadata?: object;
  readonly created_at?: string;
}

/** How far ahead of ours a client's clock may be. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * What a request's one message has besides its content; undefined if nothing: most creates have nothing, and must not
 * pay for it. Throws a 422 that names the fields that are wrong.
 */
export function extrasOf(message: GivenMessage): MessageExtras[] | undefined {
  if (!hasExtras(message)) return undefined;
  const errors: FieldError[] = [];
  const extras = readExtras(message, '', errors);
  if (errors.length > 0) throw wrongBody(errors);
  return [extras];
}

/** The same for each message of a batch; undefined if none has anything. */
export function extrasOfBatch(messages: readonly GivenMessage[]): MessageExtras[] | undefined {
  if (!messages.some(hasExtras)) return undefined;
  const errors: FieldError[] = [];
  const extras = messages.map((message, index) =>
    errors.length < ERRORS_MAX ? readExtras(message, `/messages/${index}`, errors) : {},
  );
  if (errors.length > 0) throw wrongBody(errors.slice(0, ERRORS_MAX));
  return extras;
}

function hasExtras({ sender_id, metadata, created_at }: GivenMessage): boolean {
  return sender_id !== undefined || metadata !== undefined || created_at !== undefined;
}

function readExtras({ sender_id, metadata, created_at }: GivenMessage, path: string, errors: FieldError[]) {
  const extras: MessageExtras = {};
  if (sender_id !== undefined) extras.senderId = sender_id;
  if (metadata !== undefined) extras.metadata = metadataTextAt(`${path}/metadata`, metadata, errors);
  if (created_at !== undefined) extras.createdAt = readTime(`${path}/created_at`, created_at, errors);
  return extras;
}

function readTime(path: string, text: string, errors: FieldError[]): number {
  const time = givenTime(text);
  if (time === undefined) errors.push({ path, message: NO_TIME });
  else if (time < 0) errors.push({ path, message: 'must not be before 1970' });
  else if (time > Date.now() + CLOCK_TOLERANCE_MS)
    errors.push({ path, message: 'must not be more than a minute in the future' });
  return time ?? 0;
}
