/** A newer program published something that this one does not know. It stays in the queue for a newer worker. */
export class TooOld extends Error {
  override readonly name = 'TooOld';
  constructor(partition: number, unknown: string) {
    super(`partition ${partition} has what this program does not know (${unknown}): start a newer worker`);
  }
}
