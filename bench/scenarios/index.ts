/** All scenarios, in the order in which they run. */
import type { Scenario } from '../context.ts';
import { batchCreates } from './batches.ts';
import { oneChat, singleCreates } from './creates.ts';
import { drain } from './drain.ts';
import { fairness } from './fairness.ts';
import { growth } from './growth.ts';
import { inbox } from './inbox.ts';
import { keys } from './keys.ts';
import { lag } from './lag.ts';
import { programs } from './programs.ts';
import { purge } from './purge.ts';
import { reads } from './reads.ts';
import { search } from './search.ts';
import { standalone } from './standalone.ts';
import { manyChats, variants } from './variants.ts';
import { whole } from './whole.ts';
import { worstSearches } from './worst-searches.ts';

const WITH_AIMS: readonly Scenario[] = [
  ...[singleCreates, batchCreates, drain, whole, lag, reads, keys, standalone, programs, growth],
];
/** Those that have no row in the table of aims. In a full run they come last, with fewer rounds. */
export const OTHERS: readonly Scenario[] = [
  ...[oneChat, variants, manyChats, search, worstSearches, inbox, purge, fairness],
];
export const SCENARIOS: readonly Scenario[] = [...WITH_AIMS, ...OTHERS];
/** The scenarios of `bun run bench quick`. */
export const QUICK: readonly string[] = ['creates', 'batches', 'drain', 'reads'];
