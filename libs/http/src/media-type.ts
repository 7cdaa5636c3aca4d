/**
 * Reads the headers that describe a request body, as RFC 9110 writes them: spaces and tabs may be around every part.
 */
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json[ \t]*(?:;|$)/i;
/** One parameter. A value in quotes may contain a semicolon. */
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

/** Whether a Content-Encoding means no encoding. */
export function isPlain(contentEncoding: string): boolean {
  return /^[ \t]*(?:identity)?[ \t]*$/i.test(contentEncoding);
}
