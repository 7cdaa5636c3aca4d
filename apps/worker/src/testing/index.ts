/** For the tests of other packages. */
export { Indexer } from '../indexer.ts';
export { SearchUpkeep } from '../search-upkeep.ts';
export { sweepOf } from '../sweep.ts';
