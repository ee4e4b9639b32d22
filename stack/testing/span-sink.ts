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
  /** Those of one trace, among the last few thousand. */
  readonly trace: (traceId: string) => readonly TakenSpan[];
  /** Batches that came and were not answered. */
  readonly unanswered: () => number;
  readonly become: (mode: SinkMode) => Promise<void>;
  /** May be called twice. */
  readonly stop: () => Promise<void>;
}

/** As much of a span, as Zipkin has it, as tests look at. */
export interface TakenSpan {
  readonly traceId: string;
  readonly name: string;
  readonly localEndpoint: { readonly serviceName: string };
}

const KEPT = 5_000;

/** Takes spans on a free port of loopback, until it is told otherwise. */
export async function startSpanSink(): Promise<SpanSink> {
  let mode: SinkMode = 'taking';
  let spans = 0;
  const kept: TakenSpan[] = [];
  let unanswered = 0;
  const take = (body: string, response: ServerResponse) => {
    if (mode === 'silent') unanswered++;
    if (mode !== 'taking') return;
    const taken = JSON.parse(body) as TakenSpan[];
    spans += taken.length;
    kept.push(...taken);
    kept.splice(0, kept.length - KEPT);
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
    trace: (traceId) => kept.filter((span) => span.traceId === traceId),
    unanswered: () => unanswered,
    become: async (wanted) => {
      if (wanted === 'away' && server.listening) await close();
      mode = wanted;
      if (wanted !== 'away' && !server.listening) await listen(port);
    },
    stop: close,
  };
}
