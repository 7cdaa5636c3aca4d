/** A program as a user writes it with the docs page and OpenAPI Generator's client. */
import {
  ApplicationsApi,
  ChatsApi,
  Configuration,
  type Message,
  MessagesApi,
  type Problem,
  ProblemFromJSON,
  ResponseError,
  SearchApi,
  type SearchHit,
} from './parley';

const SEARCH_WITHIN_MS = 15_000;

export async function tour(basePath: string) {
  const configuration = new Configuration({ basePath });
  const applications = new ApplicationsApi(configuration);
  const chats = new ChatsApi(configuration);
  const messages = new MessagesApi(configuration);
  const search = new SearchApi(configuration);

  const newApplication = {
    idempotencyKey: crypto.randomUUID(),
    applicationInput: { applicationName: 'Support desk' },
  };
  const application = await applications.createApplication(newApplication);
  const applicationAgain = await applications.createApplication(newApplication);
  const token = application.applicationToken;

  const newChat = { token, idempotencyKey: 'the first chat', newChatInput: { chatName: 'Delivery questions' } };
  const chat = await chats.createChat(newChat);
  const chatAgain = await chats.createChat(newChat);
  const path = { token, number: chat.chatNumber };

  const one = await messages.createMessage({ ...path, messageInput: { messageContent: 'Where is my parcel?' } });
  const texts = ['It left on Monday', 'It takes two days', 'No parcel came', 'It is here, thank you'];
  const batch = await messages.createMessages({
    ...path,
    messageBatchInput: { messages: texts.map((messageContent) => ({ messageContent })) },
  });

  // Reading one message waits until that message is stored. After that the lists have it too.
  for (const { messageNumber } of [one, ...batch]) await messages.getMessage({ ...path, message: messageNumber });

  const pagesByAfter: Message[][] = [];
  for (let after = 0; ; ) {
    const page = await messages.listMessages({ ...path, after, limit: 2 });
    const last = page.at(-1);
    if (last === undefined) break;
    pagesByAfter.push(page);
    after = last.number;
  }

  const pagesByLink: Message[][] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const answer = await messages.listMessagesRaw({ ...path, after, limit: 2 });
    pagesByLink.push(await answer.value());
    after = afterOfNext(answer.raw, basePath);
  }

  const newest = await messages.listMessages({ ...path, order: 'desc', limit: 2 });

  // Search finds a message a few seconds after its create. Until then, and after a 503, ask again.
  let foundByGet: SearchHit[] = [];
  for (const until = Date.now() + SEARCH_WITHIN_MS; foundByGet.length < 2 && Date.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    foundByGet = await search.searchMessages({ ...path, searchQuery: 'parcel', limit: 10 }).catch(() => []);
  }
  const foundByPost = await search.searchMessagesByBody({ ...path, searchInput: { searchQuery: 'parcel' } });

  const invalid = await refused(messages.createMessage({ ...path, messageInput: { messageContent: '' } }));
  const unknown = await refused(messages.getMessage({ ...path, message: 99 }));

  return {
    sameApplication: application.applicationToken === applicationAgain.applicationToken,
    sameChat: chat.chatNumber === chatAgain.chatNumber,
    chat: chat.chatNumber,
    createdOne: one.messageNumber,
    createdBatch: batch.map(({ messageNumber }) => messageNumber),
    pagesByAfter: pagesByAfter.map(numbers),
    pagesByLink: pagesByLink.map(numbers),
    newest: newest.map(({ content }) => content),
    foundByGet: numbers(foundByGet).sort(),
    foundByPost: numbers(foundByPost).sort(),
    invalid: { status: invalid.status, paths: invalid.errors?.map((each) => each.path) ?? [] },
    unknown: { status: unknown.status, detail: unknown.detail },
  };
}

async function refused(call: Promise<unknown>): Promise<Problem> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ResponseError) return ProblemFromJSON(await error.response.json());
  throw new Error('this should have been refused');
}

function afterOfNext({ headers }: Response, basePath: string): number | undefined {
  const next = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  return next === undefined ? undefined : Number(new URL(next, basePath).searchParams.get('after'));
}

function numbers(items: readonly { number: number }[]): number[] {
  return items.map(({ number }) => number);
}
