import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { freePort, LOOPBACK } from '../ports.ts';

/** An address in front of several HTTP servers. */
export interface OneAddress {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/**
 * Leads each request to the next of the servers, or to another if that takes no connection, as
 * a balancer does that repeats nothing which it has sent: what is lost on the way is a 502.
 */
export async function oneAddress(urls: readonly string[]): Promise<OneAddress> {
  const targets = urls.map((url) => new URL(url));
  const agent = new Agent({ keepAlive: true });
  let turn = 0;

  /** To the first of these, or to the next where that takes no connection. */
  function lead(
    asked: IncomingMessage,
    body: Buffer,
    answer: ServerResponse,
    [target, ...others]: readonly URL[],
  ): void {
    const { hostname, port, host } = target ?? none();
    const { method, url: path } = asked;
    const headers = { ...asked.headers, host };
    const sent = request({ agent, hostname, port, method, path, headers }, (response) => {
      // A server that stops says "close" of its own connection.
      const { connection: _own, ...told } = response.headers;
      answer.writeHead(response.statusCode ?? 502, told);
      response.on('error', () => answer.destroy());
      response.pipe(answer);
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && others.length > 0) {
        return lead(asked, body, answer, others);
      }
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end(`{"code":"proxy ${error.code ?? error.message}"}`);
    });
    sent.end(body);
  }

  const server = createServer((asked, answer) => {
    const parts: Buffer[] = [];
    asked.on('data', (part: Buffer) => parts.push(part));
    asked.on('end', () => {
      const first = turn++ % targets.length;
      const mine = [...targets.slice(first), ...targets.slice(0, first)];
      lead(asked, Buffer.concat(parts), answer, mine);
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
  return {
    url: `http://${LOOPBACK}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function none(): never {
  throw new Error('There is no server to lead to.');
}
