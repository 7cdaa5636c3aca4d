/** A program as a user writes it with the docs page, the generated types and openapi-fetch. */
import createClient from 'openapi-fetch';
import type { components, paths } from './parley.ts';

type Message = components['schemas']['Message'];
type SearchHit = components['schemas']['SearchHit'];
type Problem = components['schemas']['Problem'];

const SEARCH_WITHIN_MS = 15_000;

export async function tour(baseUrl: string) {
  const parley = createClient<paths>({ baseUrl });

  const createApplication = () =>
    parley.POST('/api/applications', {
      params: { header: { 'Idempotency-Key': applicationKey } },
      body: { application_name: 'Support desk' },
    });
  const applicationKey = crypto.randomUUID();
  const application = sure(await createApplication());
  const applicationAgain = sure(await createApplication());
  const token = application.application_token;

  const createChat = () =>
    parley.POST('/api/applications/{token}/chats', {
      params: { path: { token }, header: { 'Idempotency-Key': 'the first chat' } },
      body: { chat_name: 'Delivery questions' },
    });
  const chat = sure(await createChat());
  const chatAgain = sure(await createChat());
  const path = { token, number: chat.chat_number };

  const one = sure(
    await parley.POST('/api/applications/{token}/chats/{number}/messages', {
      params: { path },
      body: { message_content: 'Where is my parcel?' },
    }),
  );
  const texts = ['It left on Monday', 'It takes two days', 'No parcel came', 'It is here, thank you'];
  const batch = sure(
    await parley.POST('/api/applications/{token}/chats/{number}/messages/batch', {
      params: { path },
      body: { messages: texts.map((text) => ({ message_content: text })) },
    }),
  );

  const read = async (message: number): Promise<Message> =>
    sure(
      await parley.GET('/api/applications/{token}/chats/{number}/messages/{message}', {
        params: { path: { ...path, message } },
      }),
    );
  // Reading one message waits until that message is stored. After that the lists have it too.
  for (const { message_number } of [one, ...batch]) await read(message_number);

  const page = (query: { after?: number; limit?: number; order?: 'asc' | 'desc' }) =>
    parley.GET('/api/applications/{token}/chats/{number}/messages', { params: { path, query } });

  const pagesByAfter: Message[][] = [];
  for (let after = 0; ; ) {
    const messages = sure(await page({ after, limit: 2 }));
    const last = messages.at(-1);
    if (last === undefined) break;
    pagesByAfter.push(messages);
    after = last.number;
  }

  const { data: first = [], response } = await page({ limit: 2 });
  const pagesByLink: Message[][] = [first];
  let next = nextAddress(response);
  while (next !== undefined) {
    const answer = await fetch(new URL(next, baseUrl));
    pagesByLink.push((await answer.json()) as Message[]);
    next = nextAddress(answer);
  }

  const newest = sure(await page({ order: 'desc', limit: 2 }));

  // Search finds a message a few seconds after its create. Until then, and after a 503, ask again.
  const byGet = () =>
    parley.GET('/api/applications/{token}/chats/{number}/search', {
      params: { path, query: { search_query: 'parcel', limit: 10 } },
    });
  let foundByGet: SearchHit[] = [];
  for (const until = Date.now() + SEARCH_WITHIN_MS; foundByGet.length < 2 && Date.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    foundByGet = (await byGet()).data ?? [];
  }
  const foundByPost = sure(
    await parley.POST('/api/applications/{token}/chats/{number}/search', {
      params: { path },
      body: { search_query: 'parcel' },
    }),
  );

  const { error: invalid } = await parley.POST('/api/applications/{token}/chats/{number}/messages', {
    params: { path },
    body: { message_content: '' },
  });
  const { error: unknown } = await parley.GET('/api/applications/{token}/chats/{number}/messages/{message}', {
    params: { path: { ...path, message: 99 } },
  });

  return {
    sameApplication: application.application_token === applicationAgain.application_token,
    sameChat: chat.chat_number === chatAgain.chat_number,
    chat: chat.chat_number,
    createdOne: one.message_number,
    createdBatch: batch.map(({ message_number }) => message_number),
    pagesByAfter: pagesByAfter.map(numbers),
    pagesByLink: pagesByLink.map(numbers),
    newest: newest.map(({ content }) => content),
    foundByGet: numbers(foundByGet).sort(),
    foundByPost: numbers(foundByPost).sort(),
    invalid: { status: problem(invalid).status, paths: problem(invalid).errors?.map((each) => each.path) ?? [] },
    unknown: { status: problem(unknown).status, detail: problem(unknown).detail },
  };
}

/** Returns an answer's data. @throws if there is none, with the title and detail of the problem document */
function sure<Data>({ data, error }: { data?: Data; error?: Problem }): Data {
  if (data === undefined) throw new Error(error === undefined ? 'an empty answer' : `${error.title}: ${error.detail}`);
  return data;
}

function problem(error: Problem | undefined): Problem {
  if (error === undefined) throw new Error('this should have been refused');
  return error;
}

function nextAddress({ headers }: Response): string | undefined {
  return /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
}

function numbers(items: readonly { number: number }[]): number[] {
  return items.map(({ number }) => number);
}
