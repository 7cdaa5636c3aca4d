/** How a run says that it showed nothing: neither passed nor failed. */
const SKIPPED = 75;

export function skip(reason: string): never {
  console.log(`skipped: docker compose, because ${reason.replace(/\s+/g, ' ').trim()}`);
  process.exit(SKIPPED);
}
