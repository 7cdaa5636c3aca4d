import type { DeadLetters } from '@parley/domain';

/** The embedded event log keeps none (decision 0006). */
export const noDeadLetters: DeadLetters = { count: async () => 0, list: async () => [], replay: async () => 0 };
