import { body, type Operation, page } from './operation.ts';
import { PATHS } from './paths.ts';
import * as schemas from './schemas.ts';

const hitsAnswer = page('Matches, in the order that was asked for.', schemas.SearchHit, {
  ...{ number: 1, content: 'Where is my parcel?' },
});
const applicationHitsAnswer = page('Matches, in the order that was asked for.', schemas.SearchHit, {
  ...{ chat_number: 1, number: 1, content: 'Where is my parcel?', sender_id: 'ann' },
  ...{ created_at: '2026-03-01T09:30:00.123Z', highlights: [[12, 18]] },
});
/** Clients that search by GET send `null` when they have no body, so `null` counts as no body. */
const searchInput = { ...body(schemas.SearchInput, { search_query: 'parcel' }), emptyIf: 'absent or null' } as const;
const FILTERS = ['limit', 'cursor', 'senderId', 'fromTime', 'toTime', 'searchOrder', 'highlights'] as const;
const SEARCH = ['searchQuery', ...FILTERS] as const;
const SEARCH_BY_BODY = ['searchQueryInUrl', ...FILTERS] as const;

const SEARCHING =
  'A message matches if it has all words of the query, as words, beginnings or parts of words; "quotes" keep words together. A query of only punctuation searches for that punctuation. Hits show messages as they are now. In a search of a chat, hits have `created_at` and `sender_id` only if it asks for a sender, a time, the newest or highlights. A page can be short and still have a next page.';
const BY_GET = `The query is \`search_query\`. Clients that can send a body with a GET may put the query there, as with the POST. ${SEARCHING}`;
const BY_POST = `What is not in the body may be in the URL; if both have the same field, it must be the same. The query must be in one of them. \`limit\` and \`cursor\` are always in the URL. ${SEARCHING}`;

export const searchOperations = {
  searchMessages: {
    program: 'api',
    method: 'GET',
    path: PATHS.search,
    tag: 'Search',
    needs: 'messages:read',
    users: true,
    summary: 'Search a chat',
    description: BY_GET,
    query: SEARCH,
    withBodyAsPost: true,
    answer: hitsAnswer,
  },
  searchMessagesByBody: {
    program: 'api',
    method: 'POST',
    path: PATHS.search,
    tag: 'Search',
    needs: 'messages:read',
    users: true,
    summary: 'Search a chat, with the query in the body',
    description: BY_POST,
    query: SEARCH_BY_BODY,
    body: searchInput,
    answer: hitsAnswer,
  },
  searchApplication: {
    program: 'api',
    method: 'GET',
    path: PATHS.applicationSearch,
    tag: 'Search',
    needs: 'messages:read',
    users: true,
    summary: 'Search all chats of an application',
    description: BY_GET,
    query: SEARCH,
    withBodyAsPost: true,
    answer: applicationHitsAnswer,
  },
  searchApplicationByBody: {
    program: 'api',
    method: 'POST',
    path: PATHS.applicationSearch,
    tag: 'Search',
    needs: 'messages:read',
    users: true,
    summary: 'Search all chats of an application, with the query in the body',
    description: BY_POST,
    query: SEARCH_BY_BODY,
    body: searchInput,
    answer: applicationHitsAnswer,
  },
} as const satisfies Readonly<Record<string, Operation>>;
