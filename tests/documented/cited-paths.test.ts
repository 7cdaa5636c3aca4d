/** The docs cite paths of the repository and link to each other. All of them must exist. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Glob } from 'bun';

const REPOSITORY = resolve(import.meta.dir, '../..');
const PAGES = ['README.md', 'CONTRIBUTING.md', ...new Glob('docs/**/*.md').scanSync(REPOSITORY)].sort();
/** Matches a path from the repository's root: `apps/api/src/main.ts`, `libs/http/src/{a,b}.ts`, a glob. */
const PATH = /(?<![\w./:@-])(?:apps|bench|bin|docker|docs|libs|nginx|stack|tests)\/(?:[\w./*-]|\{[\w,-]+\})*/g;
const LINK = /\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g;

const read = (page: string) => readFileSync(join(REPOSITORY, page), 'utf8');

/** Expands the braces of a path: `a/{b,c}` becomes `a/b` and `a/c`. */
function alternatives(path: string): string[] {
  const [, before = '', choices, after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  if (choices === undefined) return [path];
  return choices.split(',').flatMap((choice) => alternatives(before + choice + after));
}

function isThere(path: string): boolean {
  if (!path.includes('*')) return existsSync(join(REPOSITORY, path));
  return !new Glob(path).scanSync({ cwd: REPOSITORY, onlyFiles: false }).next().done;
}

function missingPaths(text: string): string[] {
  const cited = (text.match(PATH) ?? []).flatMap((path) => alternatives(path.replace(/[.]+$/, '')));
  return [...new Set(cited)].filter((path) => !isThere(path));
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\d _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function brokenLinks(page: string): string[] {
  const links = [...read(page).matchAll(LINK)];
  return links.flatMap(([, target = '', anchor]) => {
    const file = target === '' ? page : join(dirname(page), target);
    if (!existsSync(join(REPOSITORY, file))) return [target];
    return anchor === undefined || anchorsOf(read(file)).includes(anchor) ? [] : [`${target}#${anchor}`];
  });
}

test('a missing path is reported, even if it is in braces or is a glob', () => {
  const text = '`libs/nothing/src`, apps/api/src/{main,nothing}.ts. `tests/*/nothing.ts` and `libs/*/src/index.ts`';
  expect(missingPaths(text)).toEqual(['libs/nothing/src', 'apps/api/src/nothing.ts', 'tests/*/nothing.ts']);
});

describe.each(PAGES)('%s', (page) => {
  test('cites paths that exist', () => {
    expect(missingPaths(read(page))).toEqual([]);
  });

  test('links to pages and sections that exist', () => {
    expect(brokenLinks(page)).toEqual([]);
  });
});
