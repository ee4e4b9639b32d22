/** In Zipkin's place: takes spans and counts them, or fails to in a way of your choice. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LOOPBACK } from '../ports.ts';

/** `silent`: takes connections and never answers. `away`: nobody listens. */
export type SinkMode = 'taking' | 'silent' | 'away';

export interface SpanSink {
  /** For `OTEL_EXPORTER_ZIPKIN_ENDPOINT`. */
  readonly endpoint: string;
  /** Spans taken so far. */
  readonly spans: () => number;
  /** Batches that came and were not answered. */
  readonly unanswered: () => number;
  readonly become: (mode: SinkMode) => Promise<void>;
  /** May be called twice. */
  readonly stop: () => Promise<void>;
}

/** Takes spans on a free port of loopback, until it is told otherwise. */
export async function startSpanSink(): Promise<SpanSink> {
  let mode: SinkMode = 'taking';
  let spans = 0;
  let unanswered = 0;
  const take = (body: string, response: ServerResponse) => {
    if (mode === 'silent') unanswered++;
    if (mode !== 'taking') return;
    spans += (JSON.parse(body) as unknown[]).length;
    response.writeHead(202).end();
  };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => take(body, response));
    request.on('error', () => {});
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, LOOPBACK, () => {
        server.off('error', reject);
        resolve();
      });
    });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://${LOOPBACK}:${port}/api/v2/spans`,
    spans: () => spans,
    unanswered: () => unanswered,
    become: async (wanted) => {
      if (wanted === 'away' && server.listening) await close();
      mode = wanted;
      if (wanted !== 'away' && !server.listening) await listen(port);
    },
    stop: close,
  };
}
