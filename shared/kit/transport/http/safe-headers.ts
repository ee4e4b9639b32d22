/**
 * Headers of every answer, so that nobody between or behind makes more of it than
 * it is: no cache keeps it unless its route says otherwise, no browser takes it
 * for a page or a script, and none shows it inside another page.
 */
export const safeHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
