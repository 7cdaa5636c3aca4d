/** What a request says of its body, as RFC 9110 writes it: spaces and tabs may be around every part. */
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json[ \t]*(?:;|$)/i;
/** A parameter; a text in quotes may have a semicolon. */
const PARAMETER = /;[ \t]*([^\s;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;
const UTF8 = /^utf-?8$/i;

/** Whether a Content-Type is JSON, in UTF-8 where it names a charset at all. */
export function isJson(contentType: string): boolean {
  if (!JSON_TYPE.test(contentType)) return false;
  for (const [, name, quoted, word] of contentType.matchAll(PARAMETER)) {
    if (name?.toLowerCase() === 'charset' && !UTF8.test(quoted ?? word ?? '')) return false;
  }
  return true;
}

/** Whether a Content-Encoding leaves the body as it is. */
export function isPlain(contentEncoding: string): boolean {
  return /^[ \t]*(?:identity)?[ \t]*$/i.test(contentEncoding);
}
