import { ID_CHARACTERS_MAX, ID_PATTERN } from '@parley/domain';
import { IsArray, IsObject, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { FieldError } from './problem.ts';

/**
 * The most errors that are listed for a refused body. A body with hundreds of thousands of wrong fields must cost no
 * more than one with twenty, because the check blocks all other requests.
 */
export const ERRORS_MAX = 20;

/** Adds to `errors` what is wrong with `value`, and stops at about ERRORS_MAX. `path`: the value's JSON pointer. */
type Lister = (value: unknown, path: string, errors: FieldError[]) => void;

/** Makes a function that lists the first ERRORS_MAX errors of a value that the schema refuses. */
export function errorLister(schema: TSchema): (value: unknown) => FieldError[] {
  const list = listerOf(schema);
  return (value) => {
    const errors: FieldError[] = [];
    list(value, '', errors);
    return errors.slice(0, ERRORS_MAX);
  };
}

function listerOf(schema: TSchema): Lister {
  if (IsObject(schema)) return objectLister(schema);
  return IsArray(schema) ? arrayLister(schema) : leafLister(schema);
}

interface ObjectSchema {
  readonly properties: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly minProperties?: number;
}

function objectLister({ properties, required = [], additionalProperties, minProperties = 0 }: ObjectSchema): Lister {
  const isStrict = additionalProperties === false;
  const listers = new Map(Object.entries(properties).map(([name, schema]) => [name, listerOf(schema)]));
  return (value, path, errors) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      errors.push({ path, message: 'must be object' });
      return;
    }
    for (const name of required) {
      if (!Object.hasOwn(value, name)) errors.push({ path: pointer(path, name), message: 'is required' });
    }
    if (minProperties > 0 && Object.keys(value).length === 0) {
      errors.push({ path, message: `must have at least one of ${[...listers.keys()].join(', ')}` });
    }
    for (const name in isStrict ? value : undefined) {
      if (errors.length >= ERRORS_MAX) return;
      if (!listers.has(name)) errors.push({ path: pointer(path, name), message: 'is not a known field' });
    }
    for (const [name, list] of listers) {
      if (errors.length >= ERRORS_MAX) return;
      if (Object.hasOwn(value, name)) list((value as Record<string, unknown>)[name], pointer(path, name), errors);
    }
  };
}

interface ArraySchema {
  readonly items: TSchema;
  readonly maxItems?: number;
}

/** Items beyond the permitted number are not checked: a body of 2 MiB may have 100,000 of them. */
function arrayLister(schema: ArraySchema & TSchema): Lister {
  const { items, ...rest } = schema;
  const { maxItems = Number.POSITIVE_INFINITY } = schema;
  const listItself = leafLister(rest);
  const listItem = listerOf(items);
  return (value, path, errors) => {
    listItself(value, path, errors);
    if (!Array.isArray(value)) return;
    const end = Math.min(value.length, maxItems);
    for (let index = 0; index < end && errors.length < ERRORS_MAX; index += 1) {
      listItem(value[index], `${path}/${index}`, errors);
    }
  };
}

/** Makes a lister that uses TypeBox's own messages. The schema has no fields or items, or they are listed apart. */
function leafLister(schema: TSchema): Lister {
  const compiled = Compile(schema);
  const noMatch = 'pattern' in schema && schema.pattern === ID_PATTERN ? NO_ID : NO_TEXT;
  return (value, path, errors) => {
    for (const { keyword, message } of compiled.Errors(value)) {
      errors.push({ path, message: keyword === 'pattern' ? noMatch : message });
    }
  };
}

const NO_TEXT = 'must not contain NUL or lone surrogates';
/** What is wrong with a text that cannot be a sender's or user's id. */
export const NO_ID = `must be 1 to ${ID_CHARACTERS_MAX} of A-Z a-z 0-9 _ . : @ + = -, and not . or ..`;

/** Appends a field's name to a JSON pointer (RFC 6901). */
function pointer(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
