import type { Explored } from './explore.ts';

/** What was found, in words. */
export function told({ violation, states, transitions, depth }: Explored): string {
  const size = `${states} states, ${transitions} steps between them, ${depth} deep`;
  if (violation === undefined) return size;
  return [`${violation.what}, after ${size}:`, ...violation.trace.map((step) => `  ${step}`)].join('\n');
}
