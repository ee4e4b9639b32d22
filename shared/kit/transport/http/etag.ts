import type { HttpRequest, HttpResponse } from './route.ts';

/** An entity tag for a thing that has versions; a strong one, for a version never changes its bytes. */
export const etag = (version: bigint): string => `"${version}"`;

/** An entity tag in a list of them, its opaque part in quotes caught. */
const tags = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/** A strong tag as `etag` writes it, alone in its quotes: `"01"` is another tag. */
const versionTag = /^"(0|[1-9]\d{0,18})"$/;

/**
 * The versions one of which a thing must have, by `If-Match` (RFC 9110, 13.1.1);
 * undefined where any will do, as by `*`. Weak tags match nothing, and neither
 * does a header that is no list of tags: who sends one wants a condition, and
 * to act without any could do what they meant to prevent.
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
 * Headers of an answer that shows a thing at `version`: its tag, and that only who
 * asked may keep it, and asks again before it is shown again.
 */
export const versionHeaders = (version: bigint): Readonly<Record<string, string>> => ({
  etag: etag(version),
  'cache-control': 'private, no-cache',
});

/**
 * A 200 at `version`; 304 without a body where the caller has it.
 */
export function versioned(
  http: HttpRequest,
  version: bigint,
  response: HttpResponse,
): HttpResponse {
  const tag = etag(version);
  const headers = { ...response.headers, ...versionHeaders(version) };
  return isKnown(http, tag) ? { status: 304, headers } : { ...response, headers };
}
