/** For the tests and benchmarks of other packages: indices of their own, and the form of documents. */
export { requestsOf } from '../bulk-body.ts';
export { documentId, SHORT_KEYS } from '../keys.ts';
export { indexBody } from '../mapping.ts';
export { CURRENT_LAYOUT } from '../version-2.ts';
export { createVersion1, type Own, openOwn, rawClient } from './own-index.ts';
