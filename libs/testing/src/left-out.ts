/** How tests report what they skip because this machine lacks something. bin/test counts it and repeats the reason. */

/** The exit status of a step that could not run: it has neither passed nor failed. */
const CANNOT_RUN = 75;

/** For a file that skips only some of its tests: the test runner counts them, and this line gives the reason. */
export function tellLeftOut(what: string, reason: string): void {
  console.log(`skipped: ${what}, because ${reason.replace(/\s+/g, ' ').trim()}`);
}

/** Skips a whole step: ends this process. */
export function leaveOut(what: string, reason: string): never {
  tellLeftOut(what, reason);
  process.exit(CANNOT_RUN);
}
