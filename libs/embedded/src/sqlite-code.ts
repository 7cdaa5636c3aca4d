/** The code of an error, by name if it is SQLite's (e.g. SQLITE_FULL); undefined if it has none. */
export function sqliteCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
