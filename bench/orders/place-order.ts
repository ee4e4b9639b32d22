import http from 'node:http';
import https from 'node:https';

/** What came of one request: the order's id, or in a word why there is none. */
export type Answer =
  | { readonly kind: 'accepted'; readonly orderId: string }
  | { readonly kind: 'refused'; readonly why: string };

export interface Placer {
  /** Posts one order. Never rejects. */
  readonly place: (n: number) => Promise<Answer>;
  /** Closes the connections. May be called twice. */
  readonly close: () => void;
}

/** For a whole request: a server that trickles its answer must not hold a caller for ever. */
const REQUEST_MS = 10_000;
/** Orders are spread over so many customers. */
const CUSTOMERS = 1_000;

/**
 * Posts orders over at most `callers` connections that are kept. It is node:http
 * and not fetch, which takes several times the processor's time that is measured here.
 */
export function orderPlacer(url: string, callers: number, requestMs = REQUEST_MS): Placer {
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
      const refused = (why: string) => answer({ kind: 'refused', why });
      const body = orderBody(n);
      const sent = request(
        target,
        { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
          });
          response.on('error', (error) => refused(nameOf(error)));
          response.on('end', () => {
            if (response.statusCode !== 201) return refused(String(response.statusCode));
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

function orderIdIn(text: string): string | undefined {
  try {
    const { order_id } = JSON.parse(text) as { order_id?: unknown };
    return typeof order_id === 'string' ? order_id : undefined;
  } catch {
    return undefined;
  }
}

const nameOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message;
