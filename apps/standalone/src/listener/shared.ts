import type { Admission } from './admission.ts';
import type { Refusal, RequestHead } from './request-head.ts';

export interface Limits {
  readonly bodyBytesMax: (head: RequestHead) => number;
  /** Between two requests. */
  readonly idleMs: number;
  /**
   * From a request's first byte to the end of its head or body. A connection's first request must begin within headMs.
   */
  readonly headMs: number;
  readonly requestMs: number;
  /** How long a client may read nothing of an answer, and how fast it must read on average after that. */
  readonly stallMs: number;
  readonly sendBytesPerMs: number;
  /** How long input after the last request is read and dropped: closing at once could lose the answer. */
  readonly lingerMs: number;
}

/** What all connections of a listener share. */
export interface Shared {
  readonly admission: Admission;
  readonly limits: Limits;
  /** The reason to refuse a request, whatever its body is. */
  check(head: RequestHead): Refusal | undefined;
  /** Whether the answer may be long. The head alone says little about that. */
  isLong(head: RequestHead): boolean;
  /** Copies what it needs of the body before it returns. Never rejects. */
  serve(head: RequestHead, body: Buffer): Promise<Response>;
  refuse(refusal: Refusal): Response;
  /** Reports that the bytes that a connection holds of its client's input changed by this many. */
  held(bytes: number): void;
  draining: boolean;
}
