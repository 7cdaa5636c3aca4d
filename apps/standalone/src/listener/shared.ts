import type { Admission } from './admission.ts';
import type { Refusal, RequestHead } from './request-head.ts';

export interface Limits {
  readonly bodyBytesMax: (head: RequestHead) => number;
  /** The longest pause between two requests. */
  readonly idleMs: number;
  /**
   * From a request's first byte to the end of its head (`headMs`) or body (`requestMs`). A connection's first request
   * must begin within `headMs`.
   */
  readonly headMs: number;
  readonly requestMs: number;
  /** How long a client may read nothing of an answer (`stallMs`), and how fast it must read on average after that. */
  readonly stallMs: number;
  readonly sendBytesPerMs: number;
  /**
   * How long input after the last answer is read and dropped. Closing with unread input would reset the connection, and
   * the client could lose the answer.
   */
  readonly lingerMs: number;
}

export interface Shared {
  readonly admission: Admission;
  readonly limits: Limits;
  /** The reason to refuse a request because of its head; undefined if there is none. */
  check(head: RequestHead): Refusal | undefined;
  /** Whether the answer may be large, as far as the head tells. */
  isLong(head: RequestHead): boolean;
  /** Answers a request. Copies what it needs of the body before it returns. Never rejects. */
  serve(head: RequestHead, body: Buffer): Promise<Response>;
  /** Answers a refusal. `head` is undefined if it was not understood, or did not arrive. */
  refuse(refusal: Refusal, head: RequestHead | undefined): Response;
  /** Reports that the bytes of requests that a connection holds changed by this many. */
  held(bytes: number): void;
  draining: boolean;
}
