import { METADATA_BYTES_MAX, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, UNREAD_COUNT_MAX } from '@parley/domain';
import { PROBLEMS } from './problems.ts';

/**
 * Stands for the server's address in the OpenAPI document. When it is served, the address that the client called is put
 * in.
 */
export const ORIGIN = 'http://localhost:8080';

/** The text above the operations on the docs page: how to begin, and what all operations share. Tests run its calls. */
export const ABOUT = `An **application** has **chats** 1, 2, 3…, a chat has **messages** 1, 2, 3…. What got a 201 is kept:
stored exactly once, under its number, byte for byte.

## Keys

A server is open or keyed. While it is open, whoever reaches it may read and change everything, without a key: good for a
first look. The operator turns keys on. Then each call needs \`Authorization: Bearer\` with one of these:

- an **admin key**, of the operator: it may do everything.
- a **secret key** of an application, for your servers: it may do what its scopes say, in its application.
- a **user token**, for browsers and apps: a short-lived JSON Web Token that your server gets for a user, with
  \`POST …/sessions\`. It acts as this user, in the chats that it names. In an open server it counts too, where one is sent.

Each operation says below what it needs. A credential that is missing or not valid is a 401, a missing right a 403. What is
in another application, or in a chat that a user token does not name, is answered like what does not exist: 404. A revoked
key ends within ten seconds, and with it the user tokens that it made.

An application may have limits. Beyond them the answer is a 429, and \`Retry-After\` says for how many seconds to wait. If
messages or requests a second are limited, \`RateLimit\` on each answer says what remains.

## Getting started

Create an application, a chat in it and a message, then read and search. Run this in one shell:

\`\`\`sh
PARLEY=${ORIGIN}
post() { curl -sS -X POST "$PARLEY$1" -H 'Content-Type: application/json' -d "$2"; echo; }
get() { curl -sS "$PARLEY$1"; echo; }
post /api/applications '{"application_name":"Support desk"}'
\`\`\`

With keys on, put \`-H "Authorization: Bearer $KEY"\` into both functions. Only an admin key can create the application.

The answer has the \`application_token\`, which all other addresses need. Put yours here:

\`\`\`sh
TOKEN=6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a
post /api/applications/$TOKEN/chats '{"chat_name":"Delivery questions"}'
post /api/applications/$TOKEN/chats/1/messages '{"message_content":"Where is my parcel?"}'
get /api/applications/$TOKEN/chats/1/messages/1
get "/api/applications/$TOKEN/chats/1/messages?order=desc&limit=20"
get "/api/applications/$TOKEN/chats/1/search?search_query=parcel"
\`\`\`

For a client in your language, give [/openapi.json](/openapi.json) to a generator. \`npx openapi-typescript
$PARLEY/openapi.json -o parley.ts\` makes the types for \`openapi-fetch\` (it needs TypeScript 5).

## When a create is visible

- **By its number**, at once. A read or change of something that got a 201 waits until it is stored. If that takes longer than
  a second, the answer is a 503, never a 404.
- **In lists**, when it is stored: mostly a fraction of a second after the 201, later under load.
- **By search**, some seconds after that. Hits show messages as they are now.

## To follow a chat

Messages may be stored in another order than their numbers: a list can have 7 and not yet 6. A missing number comes later, or
never, because its create failed. So keep the highest number N up to which nothing is missing. Begin with 0, and repeat about
once a second:

1. Ask for \`after=N\`. Keep the messages that are new. A number below the highest one that you have is missing if you do not
   have it.
2. Read each number that has been missing for five seconds. The read waits for accepted messages. 200 is the message. 404 means
   that no create with this number was acknowledged, 410 that the message was deleted: it is no longer missing. 503 means: ask
   again later.
3. Raise N until the next missing number.

To begin with the newest messages instead, read one page with \`order=desc\`, and take its lowest number minus one as N.

Changes to messages and deletes are not visible in this way: read again what you show, or use \`If-None-Match\`.

## Your own data

A message may have a \`sender_id\`: the user's id in your system, 1 to 128 of \`A-Z a-z 0-9 _ . : @ + = -\`. It never
changes. Applications, chats and messages may have \`metadata\`: a JSON object of at most ${METADATA_BYTES_MAX} bytes. A field that was not
given is in no answer. A PATCH changes the fields that are given, and \`"metadata": null\` removes it. A PUT without
\`metadata\` removes it too.

In a batch, messages may have the \`created_at\` of the system from which they are moved. Numbers, the order of the inbox
and \`retention_days\` go by when a message was accepted.

## Deleting

A DELETE is answered with 204, again and again. From then on the object itself is 410, and what was in it is 404. Lists,
counts and searches leave it out. Its number is never given again. Creates in it are 404, also with an
\`Idempotency-Key\` that was used before.

An application's limit \`retention_days\` removes messages that were accepted more than so many days ago. Old messages are
looked for every hour.

## Changes at the same time

Single objects have an \`ETag\`. Send it as \`If-Match\` with a PATCH, PUT or DELETE: if the object has changed since you
read it, the answer is 412, and nothing changes. Then read it again. A new count does not matter here. With
\`If-None-Match\`, a GET is answered with 304 if nothing is new, counts included.

## An inbox

\`GET …/chats?order=activity\` lists the chat with the latest message first, each with its \`last_message\`. It is at most two
seconds behind. Record how far a user has read with \`PUT …/chats/:number/reads/:user_id\`. Then \`user_id=\` in the list
adds each chat's \`unread_count\`, up to ${UNREAD_COUNT_MAX}: messages of others after that mark, and those without a sender. A chat
without messages stands at its creation. A chat that gets a message while you page moves to the first page: read that again.

## Lists

Lists are bare arrays of at most \`limit\` items, ${PAGE_LIMIT_DEFAULT} by default and ${PAGE_LIMIT_MAX} at most. \`after\` and \`before\` are numbers (for
applications: tokens). They bound the list in the same way for both values of \`order\`. The \`Link\` header has the paths of the
next and the previous page; a search and \`order=activity\` have only the next one. A page may be short, even empty, where
much was deleted. A page without \`rel="next"\` is the last one.

## Repeating a create

Send an \`Idempotency-Key\`, and repeat with the same key after a timeout or a 503: the answer is the same, and the create is
stored once. A create that is repeated without a key may be stored twice.

## Errors

Errors are \`application/problem+json\` (RFC 9457): \`type\`, \`title\`, \`status\`, \`detail\`, and \`errors\`. Each error
has a \`path\` and a \`message\`; they are about the body or, if the body is valid, about the query. Unknown fields and query
parameters are refused. A later version may add fields to answers: ignore fields that you do not know.

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
