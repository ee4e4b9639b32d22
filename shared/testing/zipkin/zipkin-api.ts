import { setTimeout as sleep } from 'node:timers/promises';
import { fromZipkin, type SeenSpan, type ZipkinSpan } from './spans.ts';

/**
 * The spans of a trace, read from a running Zipkin until `complete` says that all are
 * there; services send them a moment after they end. Rejects after `deadlineMs`, naming
 * those it had by then.
 */
export async function zipkinTrace(
  zipkinUrl: string,
  traceId: string,
  complete: (spans: readonly SeenSpan[]) => boolean,
  deadlineMs = 10_000,
): Promise<readonly SeenSpan[]> {
  const deadline = performance.now() + deadlineMs;
  let seen: readonly SeenSpan[] = [];
  while (performance.now() < deadline) {
    const response = await fetch(`${zipkinUrl}/api/v2/trace/${traceId}`, {
      signal: AbortSignal.timeout(deadlineMs),
    });
    if (response.ok) {
      seen = fromZipkin((await response.json()) as ZipkinSpan[]);
      if (complete(seen)) return seen;
    } else {
      await response.body?.cancel();
    }
    await sleep(100);
  }
  const names = seen.map((span) => `${span.service}: ${span.name}`).join(', ');
  throw new Error(`Trace ${traceId} is not complete after ${deadlineMs} ms; it has: ${names}`);
}

/** An edge of Zipkin's dependency page, which it makes of the traces that it has. */
export interface Dependency {
  readonly parent: string;
  readonly child: string;
}

/** The edges of the last hour, read from a running Zipkin. */
export async function zipkinDependencies(zipkinUrl: string): Promise<readonly Dependency[]> {
  const query = `endTs=${Date.now()}&lookback=${60 * 60_000}`;
  const response = await fetch(`${zipkinUrl}/api/v2/dependencies?${query}`, {
    signal: AbortSignal.timeout(10_000),
  });
  return (await response.json()) as Dependency[];
}
