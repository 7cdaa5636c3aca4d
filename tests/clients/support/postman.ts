/** Makes a Postman collection from the OpenAPI document, and runs it with newman, Postman's command-line runner. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './tools.ts';

export interface Item {
  readonly name: string;
  readonly item?: readonly Item[];
  readonly request?: {
    readonly method: string;
    readonly url: { readonly path: readonly string[]; readonly variable?: { readonly key: string; value: string }[] };
  };
}

export interface Collection {
  item: readonly Item[];
  variable: readonly { readonly key: string; readonly value: string }[];
  event?: readonly object[];
}

/** In the collection optional parameters are off, because the API refuses `after` and `before` together. */
const OPTIONS = 'folderStrategy=Tags,parametersResolution=Example,enableOptionalParameters=false';
const RUN_WITHIN_MS = 40_000;

export async function convert(document: string, folder: string): Promise<Collection> {
  const file = join(folder, 'converted.json');
  const { code, printed } = await runTool('openapi2postmanv2', '-s', document, '-o', file, '-O', OPTIONS);
  if (code !== 0) throw new Error(printed);
  return JSON.parse(await readFile(file, 'utf8')) as Collection;
}

export function requestsOf(items: readonly Item[]): Item[] {
  return items.flatMap((each) => (each.item === undefined ? [each] : requestsOf(each.item)));
}

export interface Execution {
  readonly name: string;
  readonly status: number | undefined;
  readonly body: string;
}

/** Runs all requests of a collection in order. A script of the collection may repeat some of them. */
export async function run(collection: Collection, folder: string): Promise<readonly Execution[]> {
  const [file, report] = [join(folder, 'collection.json'), join(folder, 'report.json')];
  await writeFile(file, JSON.stringify(collection));
  const reporter = ['--reporters', 'json', '--reporter-json-export', report];
  const { printed } = await runTool('newman', 'run', file, ...reporter, '--timeout', String(RUN_WITHIN_MS));
  if (!(await Bun.file(report).exists())) throw new Error(`newman made no report: ${printed}`);
  const { run: ran } = JSON.parse(await readFile(report, 'utf8')) as Report;
  return ran.executions.map(({ item, response }) => ({
    ...{ name: item.name, status: response?.code },
    body: Buffer.from(response?.stream?.data ?? []).toString(),
  }));
}

interface Report {
  readonly run: {
    readonly executions: readonly {
      readonly item: { readonly name: string };
      readonly response?: { readonly code: number; readonly stream?: { readonly data: readonly number[] } };
    }[];
  };
}
