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
}

function objectLister({ properties, required = [] }: ObjectSchema): Lister {
  const listers = new Map(Object.entries(properties).map(([name, schema]) => [name, listerOf(schema)]));
  return (value, path, errors) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      errors.push({ path, message: 'must be object' });
      return;
    }
    for (const name of required) {
      if (!Object.hasOwn(value, name)) errors.push({ path: pointer(path, name), message: 'is required' });
    }
    for (const name in value) {
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
  return (value, path, errors) => {
    for (const { keyword, message } of compiled.Errors(value)) {
      errors.push({ path, message: keyword === 'pattern' ? NO_TEXT : message });
    }
  };
}

const NO_TEXT = 'must not contain NUL or lone surrogates';

/** Appends a field's name to a JSON pointer (RFC 6901). */
function pointer(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
