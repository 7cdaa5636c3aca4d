/**
 * A program that creates messages in chat 1 of an application, with 20 creates at a time, until it is killed. It prints
 * a line `number content` for each message when it is acknowledged. `bun embedded-writer.ts FOLDER TOKEN`
 */
import { writeSync } from 'node:fs';
import { openEmbedded } from '@parley/embedded';
import { accepting } from './accepting.ts';

const [dataDir = '', token = ''] = process.argv.slice(2);
const embedded = openEmbedded({ dataDir });
const acceptance = accepting(embedded);
await embedded.log.consume(async (events) => (await embedded.store.append(events)).rejected);

async function write(): Promise<never> {
  for (;;) {
    const contents = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => crypto.randomUUID());
    const first = await acceptance.messages(token, 1, contents);
    writeSync(1, contents.map((content, index) => `${first + index} ${content}\n`).join(''));
  }
}

await Promise.all(Array.from({ length: 20 }, write));
