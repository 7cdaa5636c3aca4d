/** Redis at its best, for comparison: pipelines of an INCR for each message, over 50 keys. */
import { Redis } from 'ioredis';
import type { Done } from '../measure/sample.ts';

const PIPELINE = 100;
const LANES = 2;
const KEYS = 50;

export async function rawDraws(url: string, seconds: number): Promise<Done> {
  const client = new Redis(url);
  const until = performance.now() + seconds * 1_000;
  let count = 0;
  const lane = async () => {
    while (performance.now() < until) {
      const pipeline = client.pipeline();
      for (let index = 0; index < PIPELINE; index += 1) pipeline.incr(`bench:raw:${index % KEYS}`);
      await pipeline.exec();
      count += PIPELINE;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  client.disconnect();
  return { count };
}
