/** The door of the bare path: an order becomes an event, and is answered when that is on disk. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { v7 } from 'uuid';
import { setting } from './settings.ts';
import { openAppender } from './wire.ts';

const append = openAppender(setting('BARE_STORE'));

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (part: string) => {
    body += part;
  });
  request.on('end', async () => {
    const order = { order_id: v7(), status: 'Pending', ...JSON.parse(body) };
    const data = JSON.stringify(order);
    await append({
      id: randomUUID(),
      type: 'created',
      orderId: order.order_id,
      version: 1,
      data,
    });
    response.writeHead(201, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(data),
    });
    response.end(data);
  });
});
server.listen(Number(setting('BARE_HTTP_PORT')), '127.0.0.1', () => console.log('ready'));
