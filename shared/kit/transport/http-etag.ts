import type { HttpRequest, HttpResponse } from './http.ts';

/** An entity tag for a thing that has versions; a strong one, for a version never changes its bytes. */
export const etag = (version: bigint): string => `"${version}"`;

/** An entity tag in a list of them, its opaque part in quotes caught. */
const tags = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * True where the caller has what `tag` stands for already, by its
 * `If-None-Match` (RFC 9110, 13.1.2): `*`, or a list that holds the tag, weak or
 * strong. What is no such list is not looked at, and the answer is sent whole.
 */
export function isKnown({ headers }: HttpRequest, tag: string): boolean {
  const known = headers['if-none-match']?.trim();
  if (known === undefined) return false;
  if (known === '*') return true;
  if (!/^[\s,]*$/.test(known.replace(tags, ''))) return false;
  return [...known.matchAll(tags)].some(([, opaque]) => opaque === tag);
}

/**
 * A 200 at `version`, to be asked again before it is shown again (so that no
 * cache between shows an old one); 304 without a body where the caller has it.
 */
export function versioned(
  http: HttpRequest,
  version: bigint,
  response: HttpResponse,
): HttpResponse {
  const tag = etag(version);
  const headers = { ...response.headers, etag: tag, 'cache-control': 'no-cache' };
  return isKnown(http, tag) ? { status: 304, headers } : { ...response, headers };
}
