import type { Client } from '@elastic/elasticsearch';
import { call } from './call.ts';
import { IndexMissing, isResponse, WrongElasticsearch, WrongMapping } from './errors.ts';
import { type IndexSettings, indexBody, MAPPING_VERSION, mappingVersion } from './mapping.ts';

const MAJOR = '9';
const NUMBER_DIGITS = 6;

/** An index of ours as it is now. */
export interface KnownIndex {
  readonly name: string;
  /** Whether searches read it. */
  readonly live: boolean;
  /** The version of its mapping; undefined where we did not make it. */
  readonly mappingVersion: unknown;
}

export interface EnsuredIndex {
  readonly name: string;
  /** Whether it was made just now, and so is empty. */
  readonly created: boolean;
}

export interface AdminOptions extends IndexSettings {
  readonly alias: string;
  /** For each request. */
  readonly timeoutMs: number;
}

/**
 * The indices themselves. Searches read through one alias. Each index also has an alias of its own to be written
 * through, as only a write through an alias can be kept from making an index. Indices are numbered:
 * `parley-messages-000001`. All methods may be repeated and run in several processes at once.
 */
export class IndexAdmin {
  readonly #client: Client;
  readonly #options: AdminOptions;
  readonly #numbered: RegExp;

  constructor(client: Client, options: AdminOptions) {
    this.#client = client;
    this.#options = options;
    this.#numbered = new RegExp(`^${RegExp.escape(options.alias)}-([0-9]{${NUMBER_DIGITS}})$`);
  }

  /** The server's version. Throws WrongElasticsearch where any node has another major version than 9. */
  async checkVersion(): Promise<string> {
    const { nodes } = await this.#call((options) =>
      this.#client.nodes.info({ metric: 'os', filter_path: 'nodes.*.version' }, options),
    );
    const versions = Object.values(nodes).map(({ version }) => version);
    const wrong = versions.find((version) => version.split('.')[0] !== MAJOR);
    if (wrong !== undefined)
      throw new WrongElasticsearch(`Elasticsearch has version ${wrong}: version ${MAJOR} is needed.`);
    return versions[0] ?? 'unknown';
  }

  /** Resolves where Elasticsearch answers. */
  async ping(): Promise<void> {
    await this.#call((options) => this.#client.cluster.health({}, options));
  }

  /**
   * Makes the first index where searches have none; `created` tells that it has to be filled. Throws WrongMapping where
   * the index that there is was made by another version, WrongElasticsearch where the alias is not as we left it.
   */
  async ensureIndex(): Promise<EnsuredIndex> {
    for (;;) {
      const indices = await this.indices();
      const live = this.#live(indices);
      if (live !== undefined) return { name: checkMapping(live).name, created: false };
      const name = this.#next(indices);
      if (await this.#create(name, [this.#options.alias])) return { name, created: true };
    }
  }

  /** Makes an index that searches do not read yet, and answers its name. A name that exists already is taken as it is. */
  async createIndex(name?: string): Promise<string> {
    if (name !== undefined) return this.#createNamed(name);
    for (;;) {
      const next = this.#next(await this.indices());
      if (await this.#create(next, [])) return next;
    }
  }

  /** From now on searches read `name` and no other index. Throws IndexMissing where there is no such index. */
  async swapAlias(name: string): Promise<void> {
    const { alias } = this.#options;
    const former = (await this.indices()).filter((index) => index.live && index.name !== name);
    await this.#call(
      (options) =>
        this.#client.indices.updateAliases(
          {
            actions: [
              ...former.map((index) => ({ remove: { index: index.name, alias, must_exist: false } })),
              { add: { index: name, alias } },
            ],
          },
          options,
        ),
      name,
    );
  }

  /** Deletes the index with its documents. One that does not exist is no error. */
  async dropIndex(name: string): Promise<void> {
    this.#checkName(name);
    await this.#call((options) => this.#client.indices.delete({ index: name, ignore_unavailable: true }, options));
  }

  /** Makes what was written visible to searches and counts at once. */
  async refresh(name = this.#options.alias): Promise<void> {
    await this.#call((options) => this.#client.indices.refresh({ index: name }, options), name);
  }

  /** How many documents a search would see. */
  async count(name = this.#options.alias): Promise<number> {
    const { count } = await this.#call((options) => this.#client.count({ index: name }, options), name);
    return count;
  }

  /** Our indices, oldest first. */
  async indices(): Promise<KnownIndex[]> {
    const { alias } = this.#options;
    const found = await this.#call((options) =>
      this.#client.indices.get(
        { index: [alias, `${alias}-*`], features: ['aliases', 'mappings'], ignore_unavailable: true },
        options,
      ),
    );
    if (alias in found)
      throw new WrongElasticsearch(`${alias} is an index, but it has to be an alias: delete that index.`);
    return Object.entries(found)
      .map(([name, { aliases, mappings }]) => ({
        name,
        live: aliases !== undefined && alias in aliases,
        mappingVersion: mappingVersion(mappings),
      }))
      .filter(({ name, live }) => live || this.#numbered.test(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #live(indices: readonly KnownIndex[]): KnownIndex | undefined {
    const [live, ...others] = indices.filter((index) => index.live);
    if (others.length === 0) return live;
    const names = indices.filter((index) => index.live).map(({ name }) => name);
    throw new WrongElasticsearch(`${this.#options.alias} must stand for one index, not for ${names.join(' and ')}.`);
  }

  #next(indices: readonly KnownIndex[]): string {
    const numbers = indices.map(({ name }) => Number(this.#numbered.exec(name)?.[1] ?? 0));
    const number = Math.max(0, ...numbers) + 1;
    return `${this.#options.alias}-${String(number).padStart(NUMBER_DIGITS, '0')}`;
  }

  async #createNamed(name: string): Promise<string> {
    this.#checkName(name);
    if (await this.#create(name, [])) return name;
    const known = (await this.indices()).find((index) => index.name === name);
    if (known === undefined) throw new IndexMissing(name);
    return checkMapping(known).name;
  }

  /** Whether it was made: false where an index of this name exists. */
  #create(name: string, aliases: readonly string[]): Promise<boolean> {
    return this.#call(async (options) => {
      const all = Object.fromEntries([...aliases, writeAlias(name)].map((alias) => [alias, {}]));
      try {
        await this.#client.indices.create({ index: name, aliases: all, ...indexBody(this.#options) }, options);
        return true;
      } catch (error) {
        if (isResponse(error, 'resource_already_exists_exception')) return false;
        throw error;
      }
    }, name);
  }

  #checkName(name: string): void {
    if (!this.#numbered.test(name))
      throw new RangeError(`an index's name must be ${this.#options.alias}-000000 with its own number, not ${name}`);
  }

  #call<T>(send: Parameters<typeof call<T>>[1], index = this.#options.alias): Promise<T> {
    return call({ index, milliseconds: this.#options.timeoutMs }, send);
  }
}

/** What an index is written through. */
export function writeAlias(index: string): string {
  return `${index}-write`;
}

function checkMapping(index: KnownIndex): KnownIndex {
  if (index.mappingVersion === MAPPING_VERSION) return index;
  const found = index.mappingVersion === undefined ? 'was not made by Parley' : `has mapping ${index.mappingVersion}`;
  throw new WrongMapping(`The index ${index.name} ${found}, but mapping ${MAPPING_VERSION} is needed: reindex.`);
}
