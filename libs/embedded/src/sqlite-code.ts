/** SQLite's name for an error, e.g. SQLITE_FULL; undefined if it is no error of SQLite. */
export function sqliteCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
