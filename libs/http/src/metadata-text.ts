import { metadataProblem } from '@parley/domain';
import { type FieldError, RequestProblem } from './problem.ts';

/** Metadata as it is kept: compact JSON. Throws a 422 with the field's path if it cannot be kept so. */
export function metadataText(metadata: object): string {
  const errors: FieldError[] = [];
  const text = metadataTextAt('/metadata', metadata, errors);
  if (errors.length > 0) throw wrongBody(errors);
  return text;
}

/** The same for metadata at a path of a body; adds to `errors` what is wrong. */
export function metadataTextAt(path: string, metadata: object, errors: FieldError[]): string {
  const message = metadataProblem(metadata);
  if (message === undefined) return JSON.stringify(metadata);
  errors.push({ path, message });
  return '';
}

export function wrongBody(errors: readonly FieldError[]): RequestProblem {
  return new RequestProblem(422, 'The request body is not valid.', errors);
}
