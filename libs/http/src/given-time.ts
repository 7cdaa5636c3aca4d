/** Times that clients give: RFC 3339, `2026-03-01T09:30:00.123+01:00`. What is finer than milliseconds is left out. */
const RFC_3339 =
  /^(\d{4}-\d\d-\d\d)[Tt]((?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?(?:[Zz]|([+-](?:[01]\d|2[0-3]):[0-5]\d))$/;

/** What is wrong with a text that is no time. */
export const NO_TIME = 'must be a time as in RFC 3339, such as 2026-03-01T09:30:00Z';

/** The time in a text, in milliseconds since 1970, UTC; undefined if the text is none. A leap second is the next one. */
export function givenTime(text: string): number | undefined {
  const [, date, minute, second, fraction = '', offset = 'Z'] = RFC_3339.exec(text) ?? [];
  if (date === undefined) return undefined;
  const [day, start] = [Date.parse(`${date}T00:00:00Z`), Date.parse(`${date}T${minute}00${offset}`)];
  // Date.parse takes February 30 for March 2.
  if (Number.isNaN(start) || new Date(day).toISOString().slice(0, date.length) !== date) return undefined;
  return start + Number(second) * 1_000 + Number(fraction.slice(1, 4).padEnd(3, '0'));
}
