/** What the peers share: the door that orders come in by, and what they tell the bench. */
import { createServer } from 'node:http';
import { v7 } from 'uuid';

export type Order = Readonly<{
  order_id: string;
  customer_id: string;
  restaurant_id: string;
  order_items: readonly Readonly<{ unit_price: number; quantity: number }>[];
}>;

/** A variable that the bench sets for each peer. Throws where it did not. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** Answers `POST /api/orders` once `accept` resolves, which means that the order is durable. */
export function openDoor(accept: (order: Order) => Promise<unknown>): void {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      const order: Order = { order_id: v7(), ...JSON.parse(body) };
      const answer = (status: number, text: string) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(text);
      accept(order).then(
        () => answer(201, JSON.stringify({ ...order, status: 'Pending' })),
        (error: unknown) => {
          console.error(error);
          answer(503, '{}');
        },
      );
    });
  });
  server.listen(Number(setting('PEER_HTTP_PORT')), '127.0.0.1', () => console.log('ready'));
}

/** Tells the bench that an order is approved, and durably so. */
export const ended = (orderId: string): void => console.log(`ended ${orderId}`);

export const amountOf = ({ order_items }: Order): number =>
  order_items.reduce((sum, { unit_price, quantity }) => sum + unit_price * quantity, 0);
