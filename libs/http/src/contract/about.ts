import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '@parley/domain';
import { PROBLEMS } from './problems.ts';

/** The address of the server in the document, until it is asked for: then it is the one that was asked. */
export const ORIGIN = 'http://localhost:8080';

/** The text above the operations on the docs page: how to begin, and what holds for all of them. Its calls are tested. */
export const ABOUT = `An **application** has **chats** 1, 2, 3…, a chat has **messages** 1, 2, 3…. What was answered with 201 is
kept: stored exactly once, under its number, byte for byte. There is no access control yet: whoever reaches this server can
read and change everything.

## Getting started

Create an application, a chat in it and a message, then read and search. Run this in one shell:

\`\`\`sh
PARLEY=${ORIGIN}
post() { curl -sS -X POST "$PARLEY$1" -H 'Content-Type: application/json' -d "$2"; echo; }
get() { curl -sS "$PARLEY$1"; echo; }
post /api/applications '{"application_name":"Support desk"}'
\`\`\`

The answer has the \`application_token\`, which is in all other addresses. Put yours here:

\`\`\`sh
TOKEN=6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a
post /api/applications/$TOKEN/chats '{"chat_name":"Delivery questions"}'
post /api/applications/$TOKEN/chats/1/messages '{"message_content":"Where is my parcel?"}'
get /api/applications/$TOKEN/chats/1/messages/1
get "/api/applications/$TOKEN/chats/1/messages?order=desc&limit=20"
get "/api/applications/$TOKEN/chats/1/search?search_query=parcel"
\`\`\`

For a client in your language, give [/openapi.json](/openapi.json) to a generator. \`npx openapi-typescript
$PARLEY/openapi.json -o parley.ts\` makes the types that \`openapi-fetch\` takes (it needs TypeScript 5).

## When a create is seen

- **By its number**, at once. Reading or changing what a 201 announced waits until it is stored. If that takes longer than a
  second it is a 503, never a 404.
- **In lists**, when it is stored: mostly a fraction of a second after the 201, later under load.
- **By search**, some seconds after that. What search shows of a message is as it is now.

## To follow a chat

Numbers can be stored in another order than they were given: a list can have 7 and not yet 6. A missing number comes late, or
it is a gap for ever, because its create failed. So keep the highest number N up to which nothing is missing, from 0 on, and
repeat, once a second or so:

1. Ask for \`after=N\`. Take what you do not have yet. A number below one that you have is missing if you do not have it.
2. Ask for each number itself that has been missing for five seconds. That waits for what was accepted: 200 is the message, 404
   says that nothing with this number was acknowledged, so it is missing no longer, and 503 says to ask again later.
3. Raise N as far as nothing is missing.

Changes to messages are not seen in this way.

## Lists

Lists are bare arrays of at most \`limit\` items, ${PAGE_LIMIT_DEFAULT} by default and ${PAGE_LIMIT_MAX} at most. \`after\` and \`before\` are numbers (of
applications: tokens) and bound the list in the same way for both values of \`order\`. The \`Link\` header has the paths of the
next and of the previous page; a search has only the next one. Without \`rel="next"\` a page is the last one.

## Repeating a create

Send an \`Idempotency-Key\`, and repeat with the same key after a timeout or a 503: the answer is the same, and it is stored
once. A create that is repeated without a key may be stored twice.

## Errors

Errors are \`application/problem+json\` (RFC 9457): \`type\`, \`title\`, \`status\`, \`detail\`, and \`errors\` with a \`path\`
and a \`message\` for what is wrong in the body or, where the body is right, in the query. A field or a query parameter that is
not known is refused. Answers may get new fields in a later version: ignore those that you do not know.

\`\`\`json
{
  "type": "about:blank",
  "title": "Unprocessable Content",
  "status": 422,
  "detail": "The request body is not valid.",
  "errors": [{ "path": "/message_content", "message": "is required" }]
}
\`\`\`

${problemTable()}`;

function problemTable(): string {
  const rows = Object.entries(PROBLEMS).map(([status, { title, when }]) => `| ${status} | ${title} | ${when} |`);
  return ['| status | title | when |', '| --- | --- | --- |', ...rows].join('\n');
}
