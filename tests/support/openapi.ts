import type { AnySchemaObject } from 'ajv/dist/2020.js';

/** The OpenAPI document for tests: every reference to a component is replaced by the component. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly tags: readonly string[];
  readonly parameters: readonly OpenApiParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, Media>> };
  /** An answer without a body has no content. */
  readonly responses: Readonly<Record<string, { headers: object; content?: Readonly<Record<string, Media>> }>>;
}

export interface OpenApiParameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required: boolean;
  readonly schema: AnySchemaObject;
}

export interface Media {
  readonly schema: AnySchemaObject;
  readonly example: unknown;
}

/** Replaces every reference. Throws if a reference leads to nothing or out of the document. */
export function dereferenced(document: unknown): OpenApi {
  const follow = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(follow);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref } = value as { readonly $ref?: string };
    if ($ref !== undefined) return follow(componentAt(document, $ref));
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, follow(below)]));
  };
  return follow(document) as OpenApi;
}

function componentAt(document: unknown, reference: string): unknown {
  if (!reference.startsWith('#/components/')) throw new Error(`${reference} is no component`);
  const found = reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
  if (found === undefined) throw new Error(`${reference} leads to nothing`);
  return found;
}

export function operationsOf({ paths }: OpenApi) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

/** Returns a copy whose schemas refuse unnamed fields. Clients must accept such fields; our answers must have none. */
export function closed<Part>(part: Part): Part {
  const close = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(close);
    if (typeof value !== 'object' || value === null) return value;
    const parts = Object.fromEntries(Object.entries(value).map(([key, below]) => [key, close(below)]));
    return 'properties' in parts ? { additionalProperties: false, ...parts } : parts;
  };
  return close(part) as Part;
}
