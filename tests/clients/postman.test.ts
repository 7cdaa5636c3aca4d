import { afterAll, beforeAll, expect, test } from 'bun:test';
import { operationsOf } from '../support/openapi.ts';
import { type Collection, convert, type Item, requestsOf, run } from './support/postman.ts';
import { type Served, serve } from './support/served.ts';

/**
 * A Postman script as users add it: it keeps the token of a created application and the id of a created key, and repeats a
 * request after a 503.
 */
const SCRIPT = `
const answer = pm.response.code === 204 ? {} : pm.response.json();
if (answer.type === 'application') pm.collectionVariables.set('token', answer.application_token);
if (answer.type === 'key') pm.collectionVariables.set('key_id', answer.id);
if (pm.response.code === 503) pm.execution.setNextRequest(pm.info.requestName);
`;

let served: Served;
beforeAll(async () => {
  served = await serve();
}, 60_000);
afterAll(() => served.stop());

test('a Postman collection has every operation under its tag, and runs from top to bottom, deletes last', async () => {
  const collection = await convert(served.file, served.folder);
  const operations = operationsOf(served.document).map(({ operation }) => operation);
  expect(collection.item.map(({ name }) => name)).toEqual(served.document.tags.map(({ name }) => name));
  const requests = requestsOf(collection.item);
  expect(requests.map(({ name }) => name).sort()).toEqual(operations.map(({ summary }) => summary).sort());

  for (const { request } of requests) {
    for (const variable of request?.url.variable ?? []) {
      if (['token', 'key_id'].includes(variable.key)) variable.value = `{{${variable.key}}}`;
    }
  }
  deleteLast(collection);
  collection.variable = [{ key: 'baseUrl', value: served.url }];
  collection.event = [{ listen: 'test', script: { type: 'text/javascript', exec: SCRIPT.split('\n') } }];
  const executions = await run(collection, served.folder);

  const documented = new Map(operations.map(({ summary, responses }) => [summary, Object.keys(responses)]));
  for (const { name, status } of executions) expect(documented.get(name), name).toContain(String(status));
  const lastOfEach = new Map(executions.map(({ name, status, body }) => [name, { status, body }]));
  for (const { name } of requests) {
    const { status, body } = lastOfEach.get(name) ?? {};
    expect(status, `${name}: ${body}`).toBe(Number(documented.get(name)?.find((each) => each.startsWith('2'))));
  }
});

/** Moves the requests that delete to the end, those of the longest addresses first. */
function deleteLast(collection: Collection): void {
  const isDelete = ({ request }: Item) => request?.method === 'DELETE';
  const deletes = requestsOf(collection.item).filter(isDelete);
  deletes.sort((one, other) => (other.request?.url.path.length ?? 0) - (one.request?.url.path.length ?? 0));
  const without = (items: readonly Item[]): Item[] =>
    items
      .filter((each) => !isDelete(each))
      .map((each) => (each.item === undefined ? each : { ...each, item: without(each.item) }));
  collection.item = [...without(collection.item), ...deletes];
}
