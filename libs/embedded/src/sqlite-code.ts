/** SQLite's name for what went wrong, e.g. SQLITE_FULL; undefined where it is none of SQLite's errors. */
export function sqliteCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
