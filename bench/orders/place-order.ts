import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

/** What came of one request: the order's id, or in a word why there is none. */
export type Answer =
  | { readonly kind: 'accepted'; readonly orderId: string }
  | {
      readonly kind: 'refused';
      readonly why: string;
      /** When the server wants to be asked again at the earliest, if it said so. */
      readonly retryAfterMs?: number;
    };

export interface Placer {
  /** Posts one order. Never rejects. */
  readonly place: (n: number) => Promise<Answer>;
  /** Closes the connections. May be called twice. */
  readonly close: () => void;
}

export interface PlacerOptions {
  /** Default 10,000. */
  readonly requestMs?: number | undefined;
  /** Each order asks for its trace; otherwise the server decides. */
  readonly traced?: boolean;
}

/** For a whole request: a server that trickles its answer must not hold a caller for ever. */
const REQUEST_MS = 10_000;
/** Orders are spread over so many customers. */
const CUSTOMERS = 1_000;

/**
 * Posts orders over at most `callers` connections that are kept. It is node:http
 * and not fetch, which takes several times the processor's time that is measured here.
 */
export function orderPlacer(
  url: string,
  callers: number,
  { requestMs = REQUEST_MS, traced = false }: PlacerOptions = {},
): Placer {
  const target = new URL(`${url}/api/orders`);
  const { request, Agent } = target.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const headers = { 'content-type': 'application/json' };

  const place = (n: number) =>
    new Promise<Answer>((resolve) => {
      const answer = (come: Answer) => {
        clearTimeout(late);
        resolve(come);
      };
      const refused = (why: string, retryAfterMs?: number) =>
        answer({ kind: 'refused', why, ...(retryAfterMs !== undefined && { retryAfterMs }) });
      const body = orderBody(n);
      const sent = request(
        target,
        {
          method: 'POST',
          agent,
          headers: {
            ...headers,
            'content-length': body.length,
            ...(traced && { traceparent: traceparent() }),
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
          });
          response.on('error', (error) => refused(nameOf(error)));
          response.on('end', () => {
            const { statusCode, headers: told } = response;
            if (statusCode !== 201) return refused(String(statusCode), secondsIn(told));
            const orderId = orderIdIn(text);
            if (orderId === undefined) return refused('201 without an order');
            answer({ kind: 'accepted', orderId });
          });
        },
      );
      const late = setTimeout(() => {
        refused(`no answer in ${requestMs} ms`);
        sent.destroy();
      }, requestMs);
      sent.on('error', (error) => refused(nameOf(error)));
      sent.end(body);
    });
  return { place, close: () => agent.destroy() };
}

/** Of a trace that begins here, and is to be kept. */
function traceparent(): string {
  const ids = randomBytes(24).toString('hex');
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-01`;
}

const orderBody = (n: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      customer_id: `bench-${n % CUSTOMERS}`,
      restaurant_id: 'trattoria',
      order_items: [
        { code: 'PZ1', name: 'Pizza Margherita', unit_price: 9.5, quantity: 2 },
        { code: 'AC1', name: 'Acqua', unit_price: 2.25, quantity: 1 },
      ],
    }),
  );

/** `Retry-After` in seconds, as milliseconds. */
function secondsIn(headers: http.IncomingHttpHeaders): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return seconds >= 0 ? seconds * 1_000 : undefined;
}

function orderIdIn(text: string): string | undefined {
  try {
    const { order_id } = JSON.parse(text) as { order_id?: unknown };
    return typeof order_id === 'string' ? order_id : undefined;
  } catch {
    return undefined;
  }
}

const nameOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message;
