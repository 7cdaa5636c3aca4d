import type { Owner } from '@parley/domain';
import type { ApiParts } from './parts.ts';
import { FENCE_TIMEOUT_MS, settled } from './read-your-writes.ts';

/**
 * Deletes an application or a chat. Once this resolves, nothing is accepted below it any more, and what was accepted
 * before is stored or discarded. If a step after the store's fails, a repetition does all of them again.
 */
export async function deleteOwner(
  { store, events, numbering }: ApiParts,
  owner: Owner,
  versions: readonly number[] | undefined,
): Promise<void> {
  const { token, chat } = owner;
  const attempt =
    chat === undefined ? () => store.deleteApplication(token, versions) : () => store.deleteChat(token, chat, versions);
  const what = chat === undefined ? 'application' : 'chat';
  await settled({ events, store }, token, what, async () => (await attempt()) || undefined);
  await numbering.retire(owner);
  await events.fence(token, FENCE_TIMEOUT_MS);
}
