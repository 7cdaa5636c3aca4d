/** For the tests of other packages. */
export { CheckedSearch } from '../checked-search.ts';
