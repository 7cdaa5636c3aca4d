import { expect, test } from 'bun:test';
import { resolve } from 'node:path';
import { nginxContract } from './nginx.ts';

test.each(Object.entries(nginxContract()))(
  'nginx/%s is what the table of operations makes of it; else run `bun run generate`',
  async (file, text) => {
    expect(await Bun.file(resolve(import.meta.dir, '../../../../nginx', file)).text()).toBe(text);
  },
);
