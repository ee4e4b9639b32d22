/** In Zipkin's place, as its own process: takes spans, so that sending them has its price, and keeps none. */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(202).end());
});
server.listen(Number(process.env.SINK_PORT), '127.0.0.1', () => console.log('ready'));
