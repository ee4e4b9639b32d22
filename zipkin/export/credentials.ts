/** How a protected receiver learns who sends spans. */
import { validateHeaderName, validateHeaderValue } from 'node:http';

/** The headers of one request. */
export type Headers = Readonly<Record<string, string>>;

/**
 * An address without its user and password, which can be logged, and the header that says them
 * (`authorization: Basic …`).
 */
export function withoutLogin(endpoint: string): {
  readonly url: string;
  readonly headers: Headers;
} {
  const url = new URL(endpoint);
  const said = [url.username, url.password].map(decodeURIComponent).join(':');
  const named = url.username !== '' || url.password !== '';
  url.username = '';
  url.password = '';
  const authorization = `Basic ${Buffer.from(said).toString('base64')}`;
  return { url: url.href, headers: named ? { authorization } : {} };
}

/**
 * The headers that OpenTelemetry's form lists: `name=value` with commas between, values encoded
 * as in a URL (`authorization=Bearer%20…`). Undefined if it is not of that form.
 */
export function headersIn(text: string): Headers | undefined {
  const headers: Record<string, string> = {};
  try {
    for (const entry of text.split(',')) {
      if (entry.trim() === '') continue;
      const [name = '', ...value] = entry.split('=');
      if (value.length === 0) return undefined;
      const [key, held] = [name.trim().toLowerCase(), decodeURIComponent(value.join('=').trim())];
      validateHeaderName(key);
      validateHeaderValue(key, held);
      headers[key] = held;
    }
  } catch {
    return undefined;
  }
  return headers;
}
