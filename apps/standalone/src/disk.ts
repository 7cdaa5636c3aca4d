import { statfs } from 'node:fs/promises';
import type { Disk } from '@parley/runtime';

/** The disk that a folder is on: its size in bytes, and the bytes that an unprivileged user can still write. */
export async function diskOf(folder: string): Promise<readonly Disk[]> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return [{ labels: { server: 'standalone' }, freeBytes: bavail * bsize, sizeBytes: blocks * bsize }];
}
