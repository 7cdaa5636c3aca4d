import type { Admission } from './admission.ts';
import type { Refusal, RequestHead } from './request-head.ts';

export interface Limits {
  readonly bodyBytesMax: (head: RequestHead) => number;
  /** Between two requests. */
  readonly idleMs: number;
  /** From a request's first byte to the end of its head, and to the end of its body; a first request begins within headMs. */
  readonly headMs: number;
  readonly requestMs: number;
  /** An answer of which the client takes nothing, and the least that it takes on average after the first such time. */
  readonly stallMs: number;
  readonly sendBytesPerMs: number;
  /** What a client sends behind its last request is dropped for so long: closing at once could lose the answer. */
  readonly lingerMs: number;
}

/** What the connections of a listener share. */
export interface Shared {
  readonly admission: Admission;
  readonly limits: Limits;
  /** Why a request is refused, whatever its body is. */
  check(head: RequestHead): Refusal | undefined;
  /** Whether the answer may be long, of which a request tells little. */
  isLong(head: RequestHead): boolean;
  /** Takes what it needs of the body before it returns. Never rejects. */
  serve(head: RequestHead, body: Buffer): Promise<Response>;
  refuse(refusal: Refusal): Response;
  /** The bytes that a connection holds of what clients sent have changed by so many. */
  held(bytes: number): void;
  draining: boolean;
}
