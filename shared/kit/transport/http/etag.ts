import type { HttpRequest, HttpResponse } from './route.ts';

/** An entity tag for a thing that has versions; a strong one, because a version's bytes never change. */
export const etag = (version: bigint): string => `"${version}"`;

/** An entity tag in a list; captures its quoted opaque part. */
const tags = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/** A strong tag exactly as `etag` writes it: `"01"` is another tag. */
const versionTag = /^"(0|[1-9]\d{0,18})"$/;

/**
 * The versions that `If-Match` accepts (RFC 9110, 13.1.1); undefined if any will do, as
 * for `*`. Weak tags match nothing, and neither does a header that is not a list of tags:
 * its sender wants a condition, and acting without one could do what it should prevent.
 */
export function versionsMatched({
  headers,
}: Pick<HttpRequest, 'headers'>): readonly bigint[] | undefined {
  const wanted = headers['if-match']?.trim();
  if (wanted === undefined || wanted === '*') return undefined;
  if (!/^[\s,]*$/.test(wanted.replace(tags, ''))) return [];
  return [...wanted.matchAll(tags)].flatMap(([tag]) => {
    const [, version] = versionTag.exec(tag) ?? [];
    return version === undefined ? [] : [BigInt(version)];
  });
}

/**
 * True if the caller already has what `tag` stands for, by its `If-None-Match` (RFC 9110,
 * 13.1.2): `*`, or a list that contains the tag, weak or strong. Any other header is
 * ignored, and the full answer is sent.
 */
export function isKnown({ headers }: HttpRequest, tag: string): boolean {
  const known = headers['if-none-match']?.trim();
  if (known === undefined) return false;
  if (known === '*') return true;
  if (!/^[\s,]*$/.test(known.replace(tags, ''))) return false;
  return [...known.matchAll(tags)].some(([, opaque]) => opaque === tag);
}

/**
 * Headers of an answer that shows a thing at `version`: its tag, and that only the caller
 * may store it and must revalidate it.
 */
export const versionHeaders = (version: bigint): Readonly<Record<string, string>> => ({
  etag: etag(version),
  'cache-control': 'private, no-cache',
});

/** A 200 at `version`; 304 without a body if the caller already has it. */
export function versioned(
  http: HttpRequest,
  version: bigint,
  response: HttpResponse,
): HttpResponse {
  const tag = etag(version);
  const headers = { ...response.headers, ...versionHeaders(version) };
  return isKnown(http, tag) ? { status: 304, headers } : { ...response, headers };
}
