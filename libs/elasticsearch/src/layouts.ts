import type { Layout } from './layout.ts';
import { MAPPING_VERSION } from './mapping.ts';
import { LAYOUT_1 } from './version-1.ts';
import { CURRENT_LAYOUT } from './version-2.ts';

/** The layouts by version, the newest first. A search uses the first one that has an index. */
export const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [MAPPING_VERSION, CURRENT_LAYOUT],
  [1, LAYOUT_1],
]);
