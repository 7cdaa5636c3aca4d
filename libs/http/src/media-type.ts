/** Checks the headers that describe a request body. As in RFC 9110, spaces and tabs may be around every part. */

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json[ \t]*(?:;|$)/i;
/** One parameter, such as `; charset=utf-8`. A value in quotes may contain a semicolon. */
const PARAMETER = /;[ \t]*([^\s;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;
const UTF8 = /^utf-?8$/i;

/** Whether a Content-Type is JSON, and in UTF-8 if it names a charset. */
export function isJson(contentType: string): boolean {
  if (!JSON_TYPE.test(contentType)) return false;
  for (const [, name, quoted, word] of contentType.matchAll(PARAMETER)) {
    if (name?.toLowerCase() === 'charset' && !UTF8.test(quoted ?? word ?? '')) return false;
  }
  return true;
}

/** Whether a Content-Encoding is empty or `identity`: no encoding. */
export function isPlain(contentEncoding: string): boolean {
  return /^[ \t]*(?:identity)?[ \t]*$/i.test(contentEncoding);
}
