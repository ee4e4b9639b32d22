/** Stripe as its documentation has it, over HTTP, for what one payment takes. It remembers keys. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it was asked to charge. */
export interface Charge {
  readonly order: string;
  readonly amount: string;
  readonly currency: string;
}

export interface StripeImitation {
  readonly url: string;
  /** One for each key, in the order in which they came. */
  readonly charges: readonly Charge[];
  readonly stop: () => Promise<void>;
}

/** On a free port of loopback. */
export async function startStripeImitation(): Promise<StripeImitation> {
  const charges: Charge[] = [];
  const byKey = new Map<string, object>();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = new URLSearchParams(text);
    const key = String(request.headers['idempotency-key']);
    const answer = byKey.get(key) ?? {
      id: `pi_${byKey.size + 1}`,
      object: 'payment_intent',
      status: 'succeeded',
    };
    if (!byKey.has(key) && request.url === '/v1/payment_intents') {
      const said = (name: string) => body.get(name) ?? '';
      charges.push({
        order: said('metadata[order_id]'),
        amount: said('amount'),
        currency: said('currency'),
      });
    }
    byKey.set(key, answer);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    charges,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
