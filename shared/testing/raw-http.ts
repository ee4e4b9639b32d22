import { connect } from 'node:net';

/** What came back over a connection, read as one HTTP/1.1 answer. */
export interface RawAnswer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Every byte that came, as Latin-1. */
  readonly all: string;
}

/**
 * Sends `bytes` as they are and collects what comes back until the other side closes; ask
 * for `Connection: close`. It can send what no HTTP client would. Rejects if the
 * connection is still open after `deadlineMs`.
 */
export function sendRaw(
  port: number,
  bytes: string | Buffer,
  { deadlineMs = 5_000 }: { readonly deadlineMs?: number } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const tooLate = setTimeout(() => {
      const come = Buffer.concat(chunks).toString('latin1');
      socket.destroy();
      reject(
        new Error(`the connection was not closed in ${deadlineMs} ms; it had brought ${come}`),
      );
    }, deadlineMs);
    // A reset after the answer does not take it away.
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => {
      clearTimeout(tooLate);
      resolve(rawAnswer(Buffer.concat(chunks)));
    });
    socket.write(bytes);
  });
}

function rawAnswer(bytes: Buffer): RawAnswer {
  const all = bytes.toString('latin1');
  const end = all.indexOf('\r\n\r\n');
  const [line = '', ...lines] = all.slice(0, Math.max(0, end)).split('\r\n');
  const headers = lines.map((text): [string, string] => {
    const colon = text.indexOf(':');
    return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
  });
  return {
    status: Number(line.split(' ')[1] ?? 0),
    headers: new Map(headers),
    body: end < 0 ? '' : bytes.subarray(end + 4).toString(),
    all,
  };
}
