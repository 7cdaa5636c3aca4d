import type { Explored } from './explore.ts';

export function size({ states, transitions, depth }: Explored): string {
  return `${states} states, ${transitions} steps between them, ${depth} deep`;
}

/** Says what went wrong, and the shortest path to it; undefined if nothing did. */
export function told({ violation }: Explored): string | undefined {
  return violation && [violation.what, ...violation.path.map(({ what }) => what)].join('\n    ');
}
