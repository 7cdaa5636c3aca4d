import { rm } from 'node:fs/promises';
import type { FeedWindow, Owner, SearchDocument, Store } from '@parley/domain';
import { publishTo } from '@parley/testing';
import { temporaryFolder } from '../support/system.ts';
import { countersContract } from './counters.contract.ts';
import { eventLogContract } from './event-log.contract.ts';
import { applicationCreated, chatCreated, messagesCreated } from './events.ts';
import { feedContract, feedPurgeContract } from './feed.contract.ts';
import { figuresContract } from './figures.contract.ts';
import { hintsContract } from './hints.contract.ts';
import { inboxContract } from './inbox.contract.ts';
import { keyStoreContract } from './key-store.contract.ts';
import { type NumberingHarness, numberingContract } from './numbering.contract.ts';
import { numberingLimitsContract } from './numbering-limits.contract.ts';
import { openEmbedded } from './open-embedded.ts';
import { purgeContract } from './purge.contract.ts';
import { searchIndexContract } from './search-index.contract.ts';
import { storeContract } from './store.contract.ts';

/** Opens the embedded drivers in a new folder, which `close` deletes. */
async function openDrivers() {
  const dataDir = await temporaryFolder();
  const embedded = openEmbedded({ dataDir });
  const close = async () => {
    await embedded.close();
    await rm(dataDir, { recursive: true });
  };
  return { ...embedded, close };
}

storeContract('the embedded', openDrivers);

keyStoreContract('the embedded', openDrivers);

purgeContract('the embedded', async () => ({ ...(await openDrivers()), partitions: 1 }));

inboxContract('the embedded', async () => ({ ...(await openDrivers()), settle: async () => {} }));

feedPurgeContract('the embedded', async () => ({ ...(await openDrivers()), partitions: 1 }));

feedContract('the embedded', async () => {
  const { store, feed, close } = await openDrivers();
  const forget = async (window: FeedWindow) => {
    while ((await feed.prune(window)) > 0);
  };
  return { store, feed, partitions: 1, forget, close };
});

countersContract('the embedded', async () => {
  let generation = 0;
  return { ...(await openDrivers()), partitions: 1, nextGeneration: () => ++generation };
});

/** The embedded search reads the store. So `given` stores documents as messages, and later versions as changes. */
searchIndexContract('the embedded', async () => {
  const { search, store, close } = await openDrivers();
  return {
    index: search,
    store,
    given: (documents) => keep(store, documents),
    close,
  };
});

async function keep(store: Store, documents: readonly SearchDocument[]): Promise<void> {
  for (const { token, chat, number, content, senderId, createdAt, version } of documents) {
    if ((await store.application(token)) === undefined) await store.append([applicationCreated({ token })]);
    if ((await store.chat(token, chat)) === undefined) await store.append([chatCreated(token, { number: chat })]);
    const extras = [{ ...(senderId !== undefined && { senderId }), createdAt }];
    if (version === 1) await store.append([messagesCreated(token, number, [content ?? ''], { chat, extras })]);
    if (content === undefined) await store.deleteMessage(token, chat, number);
    else if (version > 1) await store.changeMessage(token, chat, number, { content });
  }
}

eventLogContract('the embedded', async () => {
  const { log, close } = await openDrivers();
  return { log, source: () => log, isDeadLetter: async () => false, close };
});

figuresContract('the embedded', openDrivers);

hintsContract('the embedded', async () => {
  const { hints, close } = await openDrivers();
  return { processes: [hints], close };
});

/** The embedded store confirms an idempotency key itself, when it commits the event of the key's create. */
numberingContract('the embedded', openNumbering);
numberingLimitsContract('the embedded', openNumbering);

async function openNumbering(): Promise<NumberingHarness> {
  const { numbering, log, store, close } = await openDrivers();
  await log.consume(async (events) => (await store.append(events)).rejected);
  const deleteStored = async ({ token, chat }: Owner) => {
    await (chat === undefined ? store.deleteApplication(token) : store.deleteChat(token, chat));
  };
  return { numbering, makeDurable: (event) => publishTo(log, event), deleteStored, close };
}
