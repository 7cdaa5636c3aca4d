import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tellLeftOut } from '@parley/testing';
import { findGenerator, GENERATED_WITHIN_MS, type Generated } from './support/openapi-generator.ts';
import { type Served, serve } from './support/served.ts';
import { compile, runProgram } from './support/tools.ts';
import { expectTour, runTour } from './support/tour.ts';

const generate = await findGenerator();
const python = Bun.which('python3');
if (python === null) tellLeftOut('a client in Python', 'there is no python3');
const WITHIN_MS = GENERATED_WITHIN_MS + 30_000;

let served: Served;
beforeAll(async () => {
  served = await serve();
  await cp(join(import.meta.dir, 'programs/typescript-fetch'), served.folder, { recursive: true });
}, 60_000);
afterAll(() => served.stop());

const MODELS = [
  ...['Application', 'ApplicationChangeInput', 'ApplicationInput', 'BatchMessageInput', 'Chat', 'ChatChangeInput'],
  ...['ChatInput', 'ChatLastMessage', 'CreateChatInput', 'CreatedApplication', 'CreatedChat', 'CreatedKey'],
  ...['CreatedMessage', 'DeadLetter', 'FieldError', 'Key', 'KeyInput', 'LimitedApplication'],
  ...['Limits', 'LimitsChangeInput', 'Message', 'MessageBatchInput', 'MessageChangeInput', 'MessageInput'],
  ...['Problem', 'Program', 'Read', 'ReadInput', 'ReplayInput', 'Replayed'],
  ...['SearchHit', 'SearchInput', 'Session', 'SessionInput', 'SessionInputChats'],
];
const METHODS = {
  ApplicationsApi: [
    ...['createApplication', 'deleteApplication', 'getApplication', 'getLimits', 'listApplications'],
    ...['replaceApplication', 'updateApplication', 'updateLimits'],
  ],
  ChatsApi: [...['createChat', 'deleteChat', 'getChat', 'listChats', 'replaceChat', 'updateChat']],
  MessagesApi: [
    ...['createMessage', 'createMessageShort', 'createMessages', 'deleteMessage', 'getMessage', 'listMessages'],
    ...['replaceMessage', 'updateMessage'],
  ],
  ReadsApi: ['listReads', 'markRead'],
  AccessApi: ['createKey', 'createSession', 'listKeys', 'revokeKey'],
  AdministrationApi: ['listDeadLetters', 'listLimitedApplications', 'listPrograms', 'replayDeadLetters'],
  SearchApi: ['searchApplication', 'searchApplicationByBody', 'searchMessages', 'searchMessagesByBody'],
};

test.skipIf(generate === undefined)(
  'OpenAPI Generator: a client for TypeScript has the names of the API',
  async () => {
    const folder = join(served.folder, 'parley');
    expectGenerated(await generate?.(served.file, 'typescript-fetch', folder));
    const models = (await readdir(join(folder, 'models'))).map((file) => file.replace('.ts', ''));
    expect(models.filter((name) => name !== 'index').sort()).toEqual(MODELS);
    for (const [api, methods] of Object.entries(METHODS)) {
      const text = await readFile(join(folder, 'apis', `${api}.ts`), 'utf8');
      const names = [...text.matchAll(/^ {4}async (\w+)\(/gm)].map(([, name = '']) => name);
      expect(names.filter((name) => !/(Raw|RequestOpts)$/.test(name)).sort()).toEqual(methods);
      expect(text.match(/Promise<(any|object)>/)).toBeNull();
      expect(text.match(/async (?!delete|revoke)\w+\(.*Promise<void>/)).toBeNull();
    }
    const model = await readFile(join(folder, 'models/Message.ts'), 'utf8');
    expect([...model.matchAll(/^ {4}(\w+\??: \w+);$/gm)].map(([, field]) => field)).toEqual([
      ...['number: number', 'content: string', 'senderId?: string', 'createdAt: Date', 'updatedAt: Date'],
    ]);
  },
  WITHIN_MS,
);

// OpenAPI Generator's own code for typescript-fetch does not compile with exactOptionalPropertyTypes.
test.skipIf(generate === undefined)('a program for it compiles', async () => {
  expect(await compile(served.folder, { strict: true, noUncheckedIndexedAccess: true })).toBe('');
});

test.skipIf(generate === undefined)('the program runs: creates, repeats, pages, searches and errors', async () => {
  expectTour(await runTour(join(served.folder, 'program.ts'), served.url));
});

test.skipIf(generate === undefined || python === null)(
  'OpenAPI Generator: a client for Python compiles',
  async () => {
    const folder = join(served.folder, 'python');
    expectGenerated(await generate?.(served.file, 'python', folder));
    const models = await readdir(join(folder, 'openapi_client/models'));
    expect(models.filter((file) => file !== '__init__.py').sort()).toEqual(MODELS.map(pythonFile).sort());
    const { code, printed } = await runProgram([
      python ?? '',
      '-m',
      'compileall',
      '-q',
      join(folder, 'openapi_client'),
    ]);
    expect(code, printed).toBe(0);
  },
  WITHIN_MS,
);

function expectGenerated(generated: Generated | undefined): void {
  expect(generated?.ended.code, generated?.ended.printed).toBe(0);
  expect(generated?.warnings).toEqual([]);
}

function pythonFile(model: string): string {
  return `${model.replaceAll(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase()}.py`;
}
