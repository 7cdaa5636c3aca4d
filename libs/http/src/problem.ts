/** Error answers, as RFC 9457 `application/problem+json`. */
import { PROBLEMS, type ProblemStatus } from './contract/problems.ts';

/** One error in a request: `path` is a JSON pointer into the body, or the name of a query parameter or header. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/**
 * A request that gets a 4xx answer. Code that handles a request may throw it; the error hook turns it into the answer.
 */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  constructor(
    readonly status: ProblemStatus,
    detail: string,
    readonly errors?: readonly FieldError[],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }
}

export function problemResponse(problem: {
  readonly status: ProblemStatus;
  readonly detail: string;
  readonly errors?: readonly FieldError[] | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}): Response {
  const { status, detail, errors, headers } = problem;
  const body = { type: 'about:blank', title: PROBLEMS[status].title, status, detail, ...(errors && { errors }) };
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json', 'x-content-type-options': 'nosniff', ...headers },
  });
}
