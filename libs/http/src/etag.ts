/**
 * Entity tags (RFC 9110, section 8.8.3) of single objects, and what requests ask of them. A tag begins with the object's
 * version; what else the answer shows follows: `"3"`, `"3-17"`.
 */
import { RequestProblem } from './problem.ts';

export function etagOf(version: number, ...more: readonly number[]): string {
  return `"${[version, ...more].join('-')}"`;
}

/** An entity tag in a list, or nothing (RFC 9110, section 5.6.1.2), and the comma or the end after it. */
const LISTED = /[\t ]*(?:(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")[\t ]*)?(?:,|$)/y;
const VERSION = /^"([1-9][0-9]{0,14})(?:-[0-9-]*)?"$/;
/** No object has this version. */
const NO_VERSION = 0;

/**
 * The tags in a header, without `W/`: a proxy that compresses an answer makes its tag weak, and the object is the same.
 * Undefined if the header is not a list of tags.
 */
function tagsIn(header: string): readonly string[] | undefined {
  const tags: string[] = [];
  LISTED.lastIndex = 0;
  while (LISTED.lastIndex < header.length) {
    const listed = LISTED.exec(header);
    if (listed === null) return undefined;
    const [, tag] = listed;
    if (tag !== undefined) tags.push(tag);
  }
  return tags.length > 0 ? tags : undefined;
}

/** Whether If-None-Match lists a tag. A header that is no list of tags lists none: the client then gets the object. */
export function lists(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.trim() === '*' || (tagsIn(ifNoneMatch)?.includes(etag) ?? false);
}

/**
 * The versions that If-Match lists; undefined if any will do, without the header or with `*`. A tag that is none of ours
 * stands for a version that no object has. Throws a 422 if the header is not a list of tags: if it were ignored, a
 * client that forgets the quotation marks would overwrite what others wrote.
 */
export function versionsOf(ifMatch: string | null): readonly number[] | undefined {
  if (ifMatch === null || ifMatch.trim() === '*') return undefined;
  const tags = tagsIn(ifMatch);
  if (tags === undefined) {
    const message = 'must be * or a list of ETags, in quotation marks';
    throw new RequestProblem(422, `The header If-Match ${message}.`, [{ path: 'If-Match', message }]);
  }
  return [...new Set(tags.map((tag) => Number(VERSION.exec(tag)?.[1] ?? NO_VERSION)))];
}
