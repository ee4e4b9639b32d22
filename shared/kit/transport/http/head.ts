import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { CodedError } from '../../errors.ts';

/** A name or address with an optional port; or empty, if the target has no authority (RFC 9112, 3.2). */
const host = /^([\w.~!$&'()*+,;=%-]*|\[[\da-f:.]+\])(:\d{0,5})?$/i;

/**
 * What is wrong with a request that Node's parser accepted: an address that cannot be
 * decoded; a missing, repeated or invalid Host; a body in another form than chunks, or in
 * chunks by HTTP/1.0 (RFC 9112, 6.1). Servers read each of these differently, which lets
 * them past the rules of a proxy. CodedError `malformed` (code `malformed_request`);
 * undefined if nothing is wrong.
 */
export function headFault(request: IncomingMessage): CodedError | undefined {
  const hosts = headerValues(request, 'host');
  // HTTP/1.0 requires no Host.
  const needed = request.httpVersion === '1.0' ? hosts.length : 1;
  if (hosts.length !== needed || hosts.length > 1) {
    return malformed('The request must name its host once, by the header Host.');
  }
  if (hosts.some((name) => !host.test(name))) {
    return malformed('The header Host is not a valid host.');
  }
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && (request.httpVersion === '1.0' || !/^chunked$/i.test(coding))) {
    return malformed('The only Transfer-Encoding allowed is chunked; HTTP/1.0 has none.');
  }
  if (!isReadable(request.url ?? '')) {
    return malformed(
      'The address cannot be read; each % must be followed by two hexadecimal digits of UTF-8.',
    );
  }
  return undefined;
}

/**
 * The values of a header, one for each time it was sent. `name` is in lower case. Node's
 * `headersDistinct` would sort all headers for one.
 */
export function headerValues({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const written = rawHeaders[at] ?? '';
    if (written.length === name.length && written.toLowerCase() === name) {
      values.push(rawHeaders[at + 1] ?? '');
    }
  }
  return values;
}

/** A header in one text, its values joined by commas; undefined if it is missing or empty. */
export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(', ') : value) || undefined;
}

/** True for a path, a whole address, or the `*` of OPTIONS, each with valid percent-encoding. */
function isReadable(target: string): boolean {
  try {
    decodeURIComponent(target);
  } catch {
    return false;
  }
  if (target.startsWith('/') || target === '*') return true;
  const [, authority = ''] = /^https?:\/\/([^/?]+)/i.exec(target) ?? [];
  return authority !== '' && host.test(authority) && URL.canParse(target);
}

function malformed(message: string): CodedError {
  return new CodedError('malformed', 'malformed_request', message);
}
