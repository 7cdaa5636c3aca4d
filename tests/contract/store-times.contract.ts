import { describe, expect, test } from 'bun:test';
import { applicationCreated, chatCreated, messagesCreated, required } from './events.ts';
import { opened } from './open-harness.ts';
import type { StoreHarness } from './store.contract.ts';

export function storeTimesContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} store, times`, () => {
    const harness = opened(open);

    test("the time of a change is never before the creation time, even if the creator's clock was ahead", async () => {
      const { store } = harness();
      const at = Date.now() + 60 * 60 * 1_000;
      const application = applicationCreated({ at });
      const { token } = application;
      await store.append([application, chatCreated(token, { at }), messagesCreated(token, 1, ['a'], { at })]);
      const changed = [
        await store.changeApplication(token, { name: 'Renamed' }),
        await store.changeChat(token, 1, { name: 'Renamed' }),
        await store.changeMessage(token, 1, 1, { content: 'changed' }),
      ];
      for (const row of changed) expect(required(row)).toMatchObject({ createdAt: at, updatedAt: at });
    });
  });
}
