/**
 * Headers of every answer: no cache stores it unless its route says otherwise, no browser
 * treats it as a page or a script, and none shows it inside another page.
 */
export const safeHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
