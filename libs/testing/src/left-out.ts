/** How tests report what they skip because this machine lacks something. bin/test counts it and repeats the reason. */

/** The exit status of a step that could not run: it has neither passed nor failed. */
const CANNOT_RUN = 75;

/** Prints why some tests of a file are skipped. The test runner only counts them. */
export function tellLeftOut(what: string, reason: string): void {
  console.log(`skipped: ${what}, because ${reason.replace(/\s+/g, ' ').trim()}`);
}

/** Prints why a whole step is skipped, and ends this process. */
export function leaveOut(what: string, reason: string): never {
  tellLeftOut(what, reason);
  process.exit(CANNOT_RUN);
}
