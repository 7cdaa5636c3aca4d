import type { Client } from '@elastic/elasticsearch';
import type { Disk } from '@parley/runtime';
import type { Target } from './bulk-body.ts';
import { call } from './call.ts';
import { IndexMissing, isResponse, UnknownMapping, WrongElasticsearch } from './errors.ts';
import type { Layout } from './layout.ts';
import { LAYOUTS } from './layouts.ts';
import { type IndexNotes, type IndexSettings, indexBody, MAPPING_VERSION, metaOf, readMeta } from './mapping.ts';
import { CURRENT_LAYOUT } from './version-2.ts';

const MAJOR = '9';
const NUMBER_DIGITS = 6;

/** The present state of an index of ours. */
export interface KnownIndex {
  readonly name: string;
  /** Whether searches of its version read it. */
  readonly live: boolean;
  /** The version of its mapping; undefined if we did not create it. */
  readonly version: number | undefined;
  /** Whether that is the version of this program. */
  readonly current: boolean;
  readonly notes: IndexNotes;
}

export interface EnsuredIndex {
  readonly name: string;
  /** Whether it was created by this call. Then it is empty. */
  readonly created: boolean;
}

export interface AdminOptions extends IndexSettings {
  readonly alias: string;
  /** The limit for each request. */
  readonly timeoutMs: number;
}

/**
 * Creates, lists and deletes indices. Searches read through one alias for each version of the mapping. Each index has
 * an alias of its own for writes (see Layout). Indices are numbered: `parley-messages-000001`. All methods may be
 * repeated, and may run in several processes at once.
 */
export class IndexAdmin {
  readonly #client: Client;
  readonly #options: AdminOptions;
  readonly #numbered: RegExp;
  /**
   * The layouts of indices that were written to, by name. An index that is missing may come back with another layout.
   */
  readonly #layouts = new Map<string, Layout>();

  constructor(client: Client, options: AdminOptions) {
    this.#client = client;
    this.#options = options;
    this.#numbered = new RegExp(`^${RegExp.escape(options.alias)}-([0-9]{${NUMBER_DIGITS}})$`);
  }

  /** Returns the server's version. Throws WrongElasticsearch if any node has another major version than 9. */
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

  /** Resolves if Elasticsearch answers. */
  async ping(): Promise<void> {
    await this.#call((options) => this.#client.cluster.health({}, options));
  }

  /** The disks on which the nodes store data. */
  async disks(): Promise<Disk[]> {
    const filter = 'nodes.*.name,nodes.*.fs.total';
    const { nodes = {} } = await this.#call((options) =>
      this.#client.nodes.stats({ metric: 'fs', filter_path: filter }, options),
    );
    return Object.entries(nodes).flatMap(([id, { name = id, fs }]) => {
      const { available_in_bytes: freeBytes, total_in_bytes: sizeBytes } = fs?.total ?? {};
      if (freeBytes === undefined || sizeBytes === undefined) return [];
      return [{ labels: { server: 'elasticsearch', node: name }, freeBytes, sizeBytes }];
    });
  }

  /** Creates the first index if searches have none. Throws WrongElasticsearch if the alias is not as Parley left it. */
  async ensureIndex(): Promise<EnsuredIndex> {
    for (;;) {
      const indices = await this.indices();
      const live = this.#live(indices);
      if (live !== undefined) return { name: live.name, created: false };
      const name = this.#next(indices);
      if (await this.#create(name, [this.#searchAlias])) return { name, created: true };
    }
  }

  /** Creates an index that searches do not read yet, and returns its name. */
  async createIndex(): Promise<string> {
    for (;;) {
      const next = this.#next(await this.indices());
      if (await this.#create(next, [])) return next;
    }
  }

  /**
   * Lets searches read `name` instead of the other indices of this version. Searches of older programs keep theirs.
   * Throws IndexMissing if there is no such index.
   */
  async swapAlias(name: string): Promise<void> {
    const alias = this.#searchAlias;
    const former = (await this.indices()).filter((index) => index.live && index.current && index.name !== name);
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

  /** Replaces the notes of an index of this version. */
  async note(name: string, notes: IndexNotes): Promise<void> {
    await this.#call(
      (options) => this.#client.indices.putMapping({ index: name, _meta: metaOf(notes) }, options),
      name,
    );
  }

  /**
   * Returns the alias and the layout for writes to an index. Throws IndexMissing, or UnknownMapping if a newer program
   * created the index. Such an index would refuse or misread this program's documents.
   */
  async target(name: string): Promise<Target> {
    let layout = this.#layouts.get(name);
    if (layout === undefined) {
      const index = (await this.indices()).find((known) => known.name === name);
      if (index === undefined) throw new IndexMissing(name);
      layout = LAYOUTS.get(index.version ?? 0);
      if (layout === undefined) throw new UnknownMapping(name, index.version);
      this.#layouts.set(name, layout);
    }
    return { name: layout.writeAlias(name), layout };
  }

  /** Call it when an index was missing: a new index may get its name. */
  forgetTargets(): void {
    this.#layouts.clear();
  }

  /** Deletes the index with its documents. Does nothing if it does not exist. */
  async dropIndex(name: string): Promise<void> {
    this.#checkName(name);
    await this.#call((options) => this.#client.indices.delete({ index: name, ignore_unavailable: true }, options));
  }

  /** Makes all written documents visible to searches and counts at once. */
  async refresh(name = this.#searchAlias): Promise<void> {
    await this.#call((options) => this.#client.indices.refresh({ index: name }, options), name);
  }

  /** How many documents a search would see. */
  async count(name = this.#searchAlias): Promise<number> {
    const { count } = await this.#call((options) => this.#client.count({ index: name }, options), name);
    return count;
  }

  /** Our indices, oldest first. */
  async indices(): Promise<KnownIndex[]> {
    const { alias } = this.#options;
    const found = await this.#call((options) =>
      this.#client.indices.get(
        {
          index: [alias, `${alias}-*`],
          features: ['aliases', 'mappings'],
          expand_wildcards: ['open', 'closed'],
          ignore_unavailable: true,
        },
        options,
      ),
    );
    const taken = [alias, this.#searchAlias].find((name) => name in found);
    if (taken !== undefined)
      throw new WrongElasticsearch(`${taken} is an index, but it has to be an alias: delete that index.`);
    return Object.entries(found)
      .map(([name, { aliases = {}, mappings }]) => {
        const { version, notes = {} } = readMeta(mappings) ?? {};
        const searched = LAYOUTS.get(version ?? 0)?.searchAlias(alias);
        const live = (searched !== undefined && searched in aliases) || this.#searchAlias in aliases;
        return { name, live, version, current: version === MAPPING_VERSION, notes };
      })
      .filter(({ name, live }) => live || this.#numbered.test(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get #searchAlias(): string {
    return CURRENT_LAYOUT.searchAlias(this.#options.alias);
  }

  #live(indices: readonly KnownIndex[]): KnownIndex | undefined {
    const live = indices.filter((index) => index.live && index.version !== 1);
    const foreign = live.find((index) => !index.current);
    if (foreign !== undefined)
      throw new WrongElasticsearch(`${this.#searchAlias} stands for ${foreign.name}, which was not made by Parley.`);
    if (live.length < 2) return live[0];
    const names = live.map(({ name }) => name).join(' and ');
    throw new WrongElasticsearch(`${this.#searchAlias} must stand for one index, not for ${names}.`);
  }

  #next(indices: readonly KnownIndex[]): string {
    const numbers = indices.map(({ name }) => Number(this.#numbered.exec(name)?.[1] ?? 0));
    const number = Math.max(0, ...numbers) + 1;
    return `${this.#options.alias}-${String(number).padStart(NUMBER_DIGITS, '0')}`;
  }

  /** Creates an index; returns false if one of this name exists. */
  #create(name: string, aliases: readonly string[]): Promise<boolean> {
    return this.#call(async (options) => {
      const all = Object.fromEntries([...aliases, CURRENT_LAYOUT.writeAlias(name)].map((alias) => [alias, {}]));
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
