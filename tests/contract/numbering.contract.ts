import {
  type Drawn,
  type Event,
  type IdempotencyKey,
  type Numbering,
  newEventId,
  newToken,
  type Owner,
  type Sequence,
  type Token,
} from '@parley/domain';
import { drawFrom } from '@parley/testing';
import { idempotencyKey } from './events.ts';
import { numberingDrawsContract } from './numbering-draws.contract.ts';
import { numberingKeysContract } from './numbering-keys.contract.ts';
import { numberingRetireContract } from './numbering-retire.contract.ts';
import type { Harness } from './open-harness.ts';

export interface NumberingHarness extends Harness {
  readonly numbering: Numbering;
  /**
   * Makes an event durable, for a driver that notices this itself. Does nothing for one that learns it from `confirm`.
   */
  makeDurable(event: Event): Promise<void>;
  /** Deletes an application or chat in the store, for a driver that reads the store. */
  deleteStored(owner: Owner): Promise<void>;
}

/** The tests that every driver of Numbering must pass. The limits of messages have a suite of their own. */
export function numberingContract(name: string, open: () => Promise<NumberingHarness>): void {
  numberingDrawsContract(name, open);
  numberingKeysContract(name, open);
  numberingRetireContract(name, open);
}

export function chatsOf(token: Token = newToken()): Sequence {
  return { kind: 'chats', token };
}

export function messagesOf(token: Token = newToken(), chat = 1): Sequence {
  return { kind: 'messages', token, chat };
}

/** Draws numbers and returns the draw. @throws if the answer is a repetition, a conflict or a missing counter */
export async function drawn(
  numbering: Numbering,
  sequence: Sequence,
  { count = 1, key }: { count?: number; key?: IdempotencyKey } = {},
): Promise<Drawn> {
  const answer = await drawFrom(numbering, { sequence, count, key });
  if (answer.status !== 'drawn') throw new Error(`expected a draw, got ${answer.status}`);
  const { status: _, ...rest } = answer;
  return rest;
}

export async function firstDrawn(numbering: Numbering, sequence: Sequence, count = 1): Promise<number> {
  return (await drawn(numbering, sequence, { count })).first;
}

export function newKey(body = 'a body'): IdempotencyKey {
  return idempotencyKey(newEventId(), body);
}
