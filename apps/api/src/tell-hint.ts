import type { AccessHint } from '@parley/domain';
import type { ApiParts } from './parts.ts';

/** Tells all processes of a change that the store has already. Without the hint they find it within ten seconds. */
export async function tellHint({ hints, logger }: Pick<ApiParts, 'hints' | 'logger'>, hint: AccessHint): Promise<void> {
  try {
    await hints.tell(hint);
  } catch (error) {
    logger.warn({ err: error, hint: hint.kind }, 'the other programs find this change later, within ten seconds');
  }
}
