/** How tests say what they leave out because this machine lacks something. bin/test counts it and repeats the reason. */

/** The exit status of a whole step that could not run: it has neither passed nor failed. */
const CANNOT_RUN = 75;

/** For tests that are skipped, where only some of a file are: the runner counts them, this line says why. */
export function tellLeftOut(what: string, reason: string): void {
  console.log(`skipped: ${what}, because ${reason.replace(/\s+/g, ' ').trim()}`);
}

/** Ends this process, for a step that is left out as a whole. */
export function leaveOut(what: string, reason: string): never {
  tellLeftOut(what, reason);
  process.exit(CANNOT_RUN);
}
