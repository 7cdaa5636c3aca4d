import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type FieldError, RequestProblem } from './problem.ts';

/** What Elysia takes as a schema of any library: https://standardschema.dev, version 1. */
export interface BodySchema<Output> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'typebox';
    readonly validate: (value: unknown) => { readonly value: Output };
    readonly types?: { readonly input: Output; readonly output: Output };
  };
}

const ERRORS_MAX = 20;

/**
 * A TypeBox schema as a route's body. The check is compiled once; it converts nothing and removes nothing. What fails
 * is thrown as a 422 that names each field.
 */
export function bodySchema<Schema extends TSchema>(schema: Schema): BodySchema<Static<Schema>> {
  const compiled = Compile(schema);
  const validate = (value: unknown) => {
    if (compiled.Check(value)) return { value: value as Static<Schema> };
    const errors = fieldErrors(compiled.Errors(value));
    throw new RequestProblem(422, 'The request body is not valid.', errors);
  };
  return { '~standard': { version: 1, vendor: 'typebox', validate } };
}

interface ValidationError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function fieldErrors(errors: readonly ValidationError[]): FieldError[] {
  return errors.flatMap(fieldErrorsOf).slice(0, ERRORS_MAX);
}

function fieldErrorsOf({ keyword, instancePath, message, params }: ValidationError): FieldError[] {
  const names = (list: readonly string[], text: string) =>
    list.map((name) => ({
      path: `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: text,
    }));
  switch (keyword) {
    case 'boolean': // repeats what additionalProperties tells
      return [];
    case 'required':
      return names((params as { requiredProperties: string[] }).requiredProperties, 'is required');
    case 'additionalProperties':
      return names((params as { additionalProperties: string[] }).additionalProperties, 'is not a known field');
    case 'pattern':
      return [{ path: instancePath, message: 'must not contain NUL or lone surrogates' }];
    default:
      return [{ path: instancePath, message }];
  }
}
