/**
 * A path in normal form is read in the same way by everybody: by rules of a proxy in front, by nginx and by the programs.
 * Each segment is made of RFC 3986's characters and is neither empty nor dots; what needs no escape has none, and nothing
 * is escaped that could become a separator, a dot or a control character. One slash may end it.
 * nginx/nginx.conf.template has the same expression.
 */
export const NORMAL_PATH =
  /^(?:\/(?!\.{1,2}(?:\/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?:2[0-246-9A-Ca-c]|3[A-Ea-e]|40|5[BDEbde]|60|7[B-Db-d]|[89A-Fa-f][0-9A-Fa-f]))+)*\/?$/;

export const REFUSAL_OF_PATH = {
  status: 400,
  detail:
    'The path is not in its normal form: it has empty or dotted segments, or characters or escapes it must not have.',
} as const;

/** The path of a request's URL. Its host may be one that `new URL` does not take. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}
