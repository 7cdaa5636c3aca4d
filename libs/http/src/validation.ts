import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { errorLister } from './field-errors.ts';
import { RequestProblem } from './problem.ts';

/** The schema interface that Elysia accepts from any library: https://standardschema.dev, version 1. */
export interface BodySchema<Output> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'typebox';
    readonly validate: (value: unknown) => { readonly value: Output };
    readonly types?: { readonly input: Output; readonly output: Output };
  };
}

/**
 * A TypeBox schema as a route's body. The check is compiled once and never changes the body. If the body fails it, this
 * throws a 422 that names each field.
 */
export function bodySchema<Schema extends TSchema>(schema: Schema): BodySchema<Static<Schema>> {
  const compiled = Compile(schema);
  const errorsOf = errorLister(schema);
  const validate = (value: unknown) => {
    if (compiled.Check(value)) return { value: value as Static<Schema> };
    throw new RequestProblem(422, 'The request body is not valid.', errorsOf(value));
  };
  return { '~standard': { version: 1, vendor: 'typebox', validate } };
}
