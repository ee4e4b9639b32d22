import { type ClientRequest, get, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as getSecurely } from 'node:https';

/** An answer of an admin port is a few hundred bytes; a longer one is another's. */
const MOST_CHARS = 100_000;

/**
 * The JSON at `url`, whatever its status. Rejects if it does not come within `withinMs`. Each
 * part is asked once a second, and `fetch` costs twice as much.
 */
export function askAdmin(url: string, withinMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { headers: { accept: 'application/json' } };
    const asked: ClientRequest = (url.startsWith('https:') ? getSecurely : get)(
      url,
      options,
      (answer) => {
        read(answer)
          .then((text) => resolve(JSON.parse(text)), reject)
          .catch(reject);
      },
    );
    asked.on('error', reject);
    const late = setTimeout(
      () => asked.destroy(new Error(`no answer within ${withinMs} ms`)),
      withinMs,
    );
    asked.once('close', () => clearTimeout(late));
  });
}

async function read(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const part of answer) {
    text += part;
    if (text.length > MOST_CHARS) throw new Error('the answer is too long');
  }
  return text;
}
