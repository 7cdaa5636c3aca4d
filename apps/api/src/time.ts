const TIME =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(\d{2}))[Tt]((?:[01]\d|2[0-3]):[0-5]\d):([0-5]\d|60)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const DIGITS_OF_MS = 3;
const MINUTE_MS = 60_000;

/**
 * Returns a time of RFC 3339 in milliseconds since 1970, undefined if the text is none. A part of a millisecond is
 * rounded up: no whole millisecond is between the time and the result.
 */
export function parseTime(text: string): number | undefined {
  const [, date = '', day, time = '', second, fraction = '', sign, hours, minutes] = TIME.exec(text) ?? [];
  const midnight = new Date(`${date}T00:00:00Z`);
  // Where a month has no such day, Date takes one of the next month, or none.
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return undefined;
  const [hour, minute] = time.split(':').map(Number);
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
  const minutesOfDay = (hour ?? 0) * 60 + (minute ?? 0) - offset;
  const milliseconds = Number(fraction.slice(0, DIGITS_OF_MS).padEnd(DIGITS_OF_MS, '0'));
  const rest = /[1-9]/.test(fraction.slice(DIGITS_OF_MS)) ? 1 : 0;
  return midnight.getTime() + minutesOfDay * MINUTE_MS + Number(second) * 1_000 + milliseconds + rest;
}
