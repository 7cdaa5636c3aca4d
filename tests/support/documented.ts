import { Ajv2020 } from 'ajv/dist/2020.js';
import { closed, dereferenced, type OpenApi, operationsOf } from './openapi.ts';

/**
 * Checks every answer of a test against the OpenAPI document: the operation must describe the status, and the media
 * type and the body must match. It records all seen answers, so that another test can find missing ones.
 */
export class Documented {
  readonly seen = new Set<string>();
  readonly #document: OpenApi;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #templates: { template: string; matcher: RegExp }[];

  constructor(document: unknown) {
    this.#document = closed(dereferenced(document));
    this.#templates = Object.keys(this.#document.paths)
      .map((template) => ({ template, matcher: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`) }))
      .sort((a, b) => a.template.split('{').length - b.template.split('{').length);
  }

  /** Every documented answer, such as `POST /api/applications 201`. */
  all(): string[] {
    return operationsOf(this.#document).flatMap(({ path, method, operation }) =>
      Object.keys(operation.responses)
        .filter((status) => status !== 'default')
        .map((status) => `${method} ${path} ${status}`),
    );
  }

  /** Throws if the answer is not as documented. Ignores paths and methods that are not in the document. */
  check(method: string, pathname: string, status: number, mediaType: string, body: unknown): void {
    const template = this.#templates.find(({ matcher }) => matcher.test(pathname))?.template;
    const operation = template === undefined ? undefined : this.#document.paths[template]?.[method.toLowerCase()];
    if (operation === undefined) return;
    const name = `${method} ${template} ${status}`;
    const response = operation.responses[String(status)];
    if (response !== undefined && response.content === undefined && body === '') {
      this.seen.add(name);
      return;
    }
    const schema = response?.content?.[mediaType]?.schema;
    if (schema === undefined) throw new Error(`${name} ${mediaType} is not documented: ${JSON.stringify(body)}`);
    if (!this.#ajv.validate(schema, body)) throw new Error(`${name} is not as documented: ${this.#ajv.errorsText()}`);
    this.seen.add(name);
  }
}
