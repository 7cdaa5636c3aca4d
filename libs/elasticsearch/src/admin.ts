import type { Client } from '@elastic/elasticsearch';
import type { Disk } from '@parley/runtime';
import type { Target } from './bulk-body.ts';
import { call } from './call.ts';
import { IndexMissing, isResponse, UnknownMapping, WrongElasticsearch } from './errors.ts';
import type { Layout } from './layout.ts';
import { LAYOUTS } from './layouts.ts';
import {
  changeable,
  type IndexNotes,
  type IndexSettings,
  indexBody,
  MAPPING_VERSION,
  metaOf,
  readMeta,
} from './mapping.ts';
import { CURRENT_LAYOUT } from './version-2.ts';

const MAJOR = '9';
const NUMBER_DIGITS = 6;

export interface KnownIndex {
  readonly name: string;
  /** Whether searches read this index, through the alias of its version. */
  readonly live: boolean;
  /** The mapping's version; undefined if Parley did not create the index. */
  readonly version: number | undefined;
  /** Whether this program has the same version of the mapping. */
  readonly current: boolean;
  readonly notes: IndexNotes;
}

export interface EnsuredIndex {
  readonly name: string;
  /** Whether this call created the index, which is then empty. */
  readonly created: boolean;
}

export interface AdminOptions extends IndexSettings {
  readonly alias: string;
  /** The limit for each request to Elasticsearch. */
  readonly timeoutMs: number;
}

/**
 * Creates, lists and deletes Parley's indices, which are numbered: `parley-messages-000001`. Searches read through one
 * alias for each version of the mapping; each index has its own alias for writes (see Layout). All methods may be
 * repeated, also by several processes at once.
 */
export class IndexAdmin {
  readonly #client: Client;
  readonly #options: AdminOptions;
  readonly #numbered: RegExp;
  /** The layouts of indices written to, by name. An index that was missing may come back with another layout. */
  readonly #layouts = new Map<string, Layout>();

  constructor(client: Client, options: AdminOptions) {
    this.#client = client;
    this.#options = options;
    this.#numbered = new RegExp(`^${RegExp.escape(options.alias)}-([0-9]{${NUMBER_DIGITS}})$`);
  }

  /** Returns Elasticsearch's version. Throws WrongElasticsearch if any node has another major version than 9. */
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

  /** Resolves if Elasticsearch answers, else rejects with Unavailable. */
  async ping(): Promise<void> {
    await this.#call((options) => this.#client.cluster.health({}, options));
  }

  /** Returns for each node the free and total bytes of its disks. */
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

  /**
   * Returns the index that searches read; creates one if there is none. Throws WrongElasticsearch if an index has the
   * search alias's name, or if the alias stands for several indices or a foreign one.
   */
  async ensureIndex(): Promise<EnsuredIndex> {
    for (;;) {
      const indices = await this.indices();
      const live = this.#live(indices);
      if (live !== undefined) return { name: live.name, created: false };
      const name = this.#next(indices);
      if (await this.#create(name, [this.#searchAlias])) return { name, created: true };
    }
  }

  /** Creates an index that searches do not read before `swapAlias`, and returns its name. */
  async createIndex(): Promise<string> {
    for (;;) {
      const next = this.#next(await this.indices());
      if (await this.#create(next, [])) return next;
    }
  }

  /**
   * Makes searches of this version read `name` instead of the index before; other versions keep theirs. Throws
   * IndexMissing if `name` does not exist.
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

  /** Replaces the notes that an index has in its mapping. The index must have this program's version of the mapping. */
  async note(name: string, notes: IndexNotes): Promise<void> {
    await this.#call(
      (options) => this.#client.indices.putMapping({ index: name, _meta: metaOf(notes) }, options),
      name,
    );
  }

  /**
   * Returns the alias and the layout for writes to an index. Throws IndexMissing if there is none, or UnknownMapping if
   * a newer program created it: it would refuse or misread this program's documents.
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

  /** Forgets all layouts. Call it when an index was missing: a new one of its name may have another layout. */
  forgetTargets(): void {
    this.#layouts.clear();
  }

  /** Deletes an index with its documents, if it exists. Throws RangeError if the name is not one of Parley's. */
  async dropIndex(name: string): Promise<void> {
    this.#checkName(name);
    await this.#call((options) => this.#client.indices.delete({ index: name, ignore_unavailable: true }, options));
  }

  /** Gives an index the settings with which this program creates one, as far as they can be changed. */
  async settle(name: string): Promise<void> {
    const settings = changeable(this.#options);
    await this.#call((options) => this.#client.indices.putSettings({ index: name, settings }, options), name);
  }

  /**
   * Makes all documents of an index (by default the one that searches read) visible to searches at once. Does nothing if
   * there is no such index.
   */
  async refresh(name = this.#searchAlias): Promise<void> {
    const index = { index: name, ignore_unavailable: true };
    await this.#call((options) => this.#client.indices.refresh(index, options), name);
  }

  /** How many documents searches see in an index (by default the one that they read). */
  async count(name = this.#searchAlias): Promise<number> {
    const { count } = await this.#call((options) => this.#client.count({ index: name }, options), name);
    return count;
  }

  /**
   * Parley's indices, open or closed, and any other behind a search alias, oldest first. Throws WrongElasticsearch if
   * an index has an alias's name.
   */
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

  /** Creates an index with the present mapping; returns false if the name is taken. */
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
