/** Every test file must be run by a step of bin/test, a line `tests "name" …`. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glob } from 'bun';

const REPOSITORY = join(import.meta.dir, '../..');
/** Folder of the tests that bin/test-docker runs. */
const OF_DOCKER = 'tests/docker/';

/** The paths that bin/test gives to bun's runner. It runs each file whose path begins with one of them. */
function pathsOf(script: string): string[] {
  const lines = [...script.matchAll(/^ *tests "[^"]+" (.+)$/gm)].map(([, given = '']) => given);
  return lines.flatMap((given) =>
    given
      .replace(/--preload \S+/, '')
      .trim()
      .split(/\s+/),
  );
}

test('no test file is left out', () => {
  const paths = pathsOf(readFileSync(join(REPOSITORY, 'bin/test'), 'utf8'));
  expect(paths.length).toBeGreaterThan(20);
  const files = [...new Glob('{apps,bench,libs,stack,tests}/**/*.test.ts').scanSync(REPOSITORY)].filter(
    (file) => !file.includes('node_modules/') && !file.startsWith(OF_DOCKER),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => !paths.some((path) => file.startsWith(path)))).toEqual([]);
});
