/**
 * A path in normal form means the same to every reader: to the rules of a proxy in front, to nginx and to the programs.
 * Each segment consists of RFC 3986's characters and is not empty, `.` or `..`. A character that needs no escape is not
 * escaped, and no escape stands for a separator, a dot or a control character. The path may end with one slash.
 * nginx/nginx.conf.template has the same expression.
 */
export const NORMAL_PATH =
  /^(?:\/(?!\.{1,2}(?:\/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?:2[0-246-9A-Ca-c]|3[A-Ea-e]|40|5[BDEbde]|60|7[B-Db-d]|[89A-Fa-f][0-9A-Fa-f]))+)*\/?$/;

export const REFUSAL_OF_PATH = {
  status: 400,
  detail:
    'The path is not in its normal form: it has empty or dotted segments, or characters or escapes it must not have.',
} as const;

/** The path of a request's URL. Unlike `new URL`, it accepts any host. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}
