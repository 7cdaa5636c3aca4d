import {
  answer,
  body,
  DELETED,
  EXAMPLE_TIMES,
  EXAMPLE_TOKEN,
  NO_QUERY,
  type Operation,
  page,
  tagged,
} from './operation.ts';
import { PATHS } from './paths.ts';
import * as schemas from './schemas.ts';

const applicationAnswer = tagged('The application as it is now.', schemas.Application, {
  ...{ token: EXAMPLE_TOKEN, name: 'Support desk', chats_count: 1 },
  ...EXAMPLE_TIMES,
});
const applicationInput = body(schemas.ApplicationInput, { application_name: 'Support desk' });
const limitsAnswer = answer(200, 'The limits as they are now.', schemas.Limits, { retention_days: 365 });

export const applicationOperations = {
  createApplication: {
    program: 'ingest',
    method: 'POST',
    path: PATHS.applications,
    tag: 'Applications',
    summary: 'Create an application',
    query: NO_QUERY,
    idempotencyKey: 'applicationIdempotencyKey',
    body: applicationInput,
    answer: answer(201, 'Accepted and kept.', schemas.CreatedApplication, {
      type: 'application',
      application_token: EXAMPLE_TOKEN,
      application_name: 'Support desk',
    }),
  },
  listApplications: {
    program: 'api',
    method: 'GET',
    path: PATHS.applications,
    tag: 'Applications',
    summary: 'List applications',
    query: ['limit', 'order', 'afterToken', 'beforeToken'],
    answer: page('A page, by token.', schemas.Application, applicationAnswer.example),
  },
  getApplication: {
    program: 'api',
    method: 'GET',
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Read an application',
    query: NO_QUERY,
    answer: applicationAnswer,
  },
  updateApplication: {
    program: 'api',
    method: 'PATCH',
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Change an application',
    description: 'Changes the fields that are given.',
    query: NO_QUERY,
    ifMatch: true,
    body: body(schemas.ApplicationChangeInput, { application_name: 'Support desk' }),
    answer: applicationAnswer,
  },
  replaceApplication: {
    program: 'api',
    method: 'PUT',
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Replace an application’s name and metadata',
    query: NO_QUERY,
    ifMatch: true,
    body: applicationInput,
    answer: applicationAnswer,
  },
  deleteApplication: {
    program: 'api',
    method: 'DELETE',
    path: PATHS.application,
    tag: 'Applications',
    summary: 'Delete an application with all that is in it',
    query: NO_QUERY,
    ifMatch: true,
    answer: DELETED,
  },
  getLimits: {
    program: 'api',
    method: 'GET',
    path: PATHS.limits,
    tag: 'Applications',
    summary: 'Read an application’s limits',
    query: NO_QUERY,
    answer: limitsAnswer,
  },
  updateLimits: {
    program: 'api',
    method: 'PATCH',
    path: PATHS.limits,
    tag: 'Applications',
    summary: 'Change an application’s limits',
    description:
      'Messages that were accepted more than `retention_days` days ago are removed, in each chat from the first one on. `null`: all are kept.',
    query: NO_QUERY,
    body: body(schemas.LimitsChangeInput, { retention_days: 365 }),
    answer: limitsAnswer,
  },
} as const satisfies Readonly<Record<string, Operation>>;
