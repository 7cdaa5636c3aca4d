import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { errorLister } from './field-errors.ts';
import { wrongBody } from './metadata-text.ts';

/**
 * Makes the check of a body by a TypeBox schema. The check is compiled once and returns the body unchanged. If the body
 * fails it, this throws a 422 that names each field.
 */
export function bodyCheck<Schema extends TSchema>(schema: Schema): (body: unknown) => Static<Schema> {
  const compiled = Compile(schema);
  const errorsOf = errorLister(schema);
  return (body) => {
    if (compiled.Check(body)) return body as Static<Schema>;
    throw wrongBody(errorsOf(body));
  };
}
