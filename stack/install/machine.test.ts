import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { debianMirror } from './machine.ts';

const RELEASE = 'ID=debian\nVERSION_CODENAME=bookworm\n';
const folders: string[] = [];

function aptFolder(files: Record<string, string>): string {
  const folder = mkdtempSync(`${tmpdir()}/parley-apt-`);
  folders.push(folder);
  mkdirSync(`${folder}/sources.list.d`);
  for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${name}`, text);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test('the mirror is read from a one-line source, options and comments or not', () => {
  const list = [
    '# deb http://commented.example/debian bookworm main',
    'deb-src http://sources.example/debian bookworm main',
    'deb [arch=amd64 signed-by=/a/key.gpg] https://mirror.example/debian bookworm main contrib',
  ].join('\n');
  expect(debianMirror(aptFolder({ 'sources.list': list }), RELEASE)).toBe('https://mirror.example/debian');
});

test('the mirror is read from a deb822 source, with comments between its fields', () => {
  const sources = `Types: deb
# URIs: http://old.example/debian
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /a/key.gpg

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
`;
  const folder = aptFolder({ 'sources.list.d/debian.sources': sources });
  expect(debianMirror(folder, RELEASE)).toBe('http://mirror.example/debian');
});

test('sources of other software and disabled ones are passed over', () => {
  const folder = aptFolder({
    'sources.list.d/a.list': 'deb https://tools.example/apt tools-bookworm main',
    'sources.list.d/b.sources':
      'Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n',
    'sources.list.d/c.sources': 'Types: deb\nURIs:\n http://right.example/debian\nSuites: sid\nComponents: main\n',
  });
  expect(debianMirror(folder, RELEASE)).toBe('http://right.example/debian');
});

test('without a Debian source it says where it looked', () => {
  const folder = aptFolder({});
  expect(() => debianMirror(folder, RELEASE)).toThrow(folder);
});
