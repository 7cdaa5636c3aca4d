/** Measures the standalone: creates, committed to its SQLite file before their answer, and reads. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contender, interleaved, type Scenario } from '../context.ts';
import { HttpFloors } from '../floors/http.ts';
import { hasWrk, load, type Target } from '../load/load.ts';
import { rate } from '../measure/result.ts';
import { launchedStandalone } from '../standalone.ts';
import { batches, creates, newChats } from '../system.ts';

const PORT = 17_140;
const CONNECTIONS = 64;

export const standalone: Scenario = {
  name: 'standalone',
  description: 'creates and reads of the standalone, against the HTTP floor',
  run: async (context) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-standalone-'));
    const { url, pid, end } = await launchedStandalone(PORT, dataDir);
    const floors = new HttpFloors();
    try {
      const bare = await floors.open('bare');
      const chats = await newChats(url, 10, 5);
      const single = creates(chats);
      const points: Target[] = chats.map((chat) => ({ method: 'GET', path: `${chat}/messages/1` }));
      const pages: Target[] = chats.map((chat) => ({ method: 'GET', path: `${chat}/messages` }));
      const pids = { standalone: pid, floor: bare.pid };
      const http = (name: string, to: string, targets: Target[], each = 1): Contender => ({
        ...{ name, pids },
        run: () =>
          load(
            { url: to, connections: each === 1 ? CONNECTIONS : 4, targets, seconds: context.seconds, each },
            hasWrk() ? 'wrk' : 'autocannon',
          ),
      });
      const contenders = [
        http('HTTP floor, creates', bare.url, single),
        http('standalone creates', url, single),
        http('standalone batches of 100', url, batches(chats, 100), 100),
        http('HTTP floor, one message', bare.url, points),
        http('standalone GET of one message', url, points),
        http('HTTP floor, page of 50', bare.url, pages),
        http('standalone GET of a page of 50', url, pages),
      ];
      const samples = await interleaved(context, contenders, Math.min(context.rounds, 3));
      const floorOf: Record<string, string> = {
        'standalone creates': 'HTTP floor, creates',
        'standalone GET of one message': 'HTTP floor, one message',
        'standalone GET of a page of 50': 'HTTP floor, page of 50',
      };
      return contenders.map(({ name }) => {
        const to = floorOf[name];
        const what = { scenario: 'standalone', unit: name.includes('batches') ? 'messages/s' : 'requests/s', name };
        return rate(
          what,
          samples.get(name) ?? [],
          to === undefined ? undefined : { to, samples: samples.get(to) ?? [] },
        );
      });
    } finally {
      await end();
      await floors.close();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};
