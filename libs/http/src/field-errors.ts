import { IsArray, IsObject, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { FieldError } from './problem.ts';

/**
 * What a refused body has wrong, by field. It looks at the value until it has found enough, so that a body of hundreds
 * of thousands of wrong fields costs no more than one of twenty: nobody else is served meanwhile.
 */
export const ERRORS_MAX = 20;

/** Adds what is wrong with the value at `path` to the errors, until they are ERRORS_MAX. */
type Lister = (value: unknown, path: string, errors: FieldError[]) => void;

/** Answers the first errors of values that the schema does not take. */
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
}

function arrayLister(schema: ArraySchema & TSchema): Lister {
  const { items, ...rest } = schema;
  const listItself = leafLister(rest);
  const listItem = listerOf(items);
  return (value, path, errors) => {
    listItself(value, path, errors);
    if (!Array.isArray(value)) return;
    for (let index = 0; index < value.length && errors.length < ERRORS_MAX; index += 1) {
      listItem(value[index], `${path}/${index}`, errors);
    }
  };
}

/** For what has no parts, or whose parts do not matter: TypeBox's own messages. */
function leafLister(schema: TSchema): Lister {
  const compiled = Compile(schema);
  return (value, path, errors) => {
    for (const { keyword, message } of compiled.Errors(value)) {
      errors.push({ path, message: keyword === 'pattern' ? NO_TEXT : message });
    }
  };
}

const NO_TEXT = 'must not contain NUL or lone surrogates';

/** https://www.rfc-editor.org/rfc/rfc6901 */
function pointer(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
