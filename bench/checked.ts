/** Reads a JSON file that a command was given, and says which field is wrong. */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';

/** A file that cannot be read, or has another form than the command needs. The message names the file and the field. */
export class BadFile extends Error {
  override readonly name = 'BadFile';
}

/** @throws {BadFile} if there is no such file, it is not JSON, or it does not fit `schema` */
export async function readChecked<Schema extends TSchema>(file: string, schema: Schema): Promise<Static<Schema>> {
  let value: unknown;
  try {
    value = JSON.parse(await Bun.file(file).text());
  } catch (error) {
    throw new BadFile(`${file}: ${error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'}: ${String(error)}`);
  }
  return checked(file, value, schema);
}

/** @throws {BadFile} with the first field of `value` that does not fit `schema` */
export function checked<Schema extends TSchema>(file: string, value: unknown, schema: Schema): Static<Schema> {
  if (Value.Check(schema, value)) return value as Static<Schema>;
  const [first] = Value.Errors(schema, value);
  throw new BadFile(`${file}: ${first === undefined ? 'has another form' : described(first)}`);
}

function described({ keyword, instancePath, message, params }: ReturnType<typeof Value.Errors>[number]): string {
  const path = instancePath.slice(1).replaceAll('/', '.');
  const inside = path === '' ? '' : `${path}.`;
  const { requiredProperties = [] } = params as { requiredProperties?: readonly string[] };
  if (keyword === 'required') return `${inside}${requiredProperties[0]} is missing`;
  // A property that the schema does not know is checked against the schema `false`.
  if (keyword === 'boolean') return `there is no field ${path}`;
  return `${path === '' ? 'the whole' : path} ${message}`;
}
