import { until } from '../until.ts';
import type { Scenario } from './scenarios.ts';

/** Where the stack answers. */
export interface DemoTarget {
  readonly httpUrl: string;
  readonly zipkinUrl: string | undefined;
}

/** What became of one order. Field names are those of `--json`. */
export interface Journey {
  readonly scenario: string;
  readonly order_id: string;
  readonly status: string;
  readonly as_expected: boolean;
  /** From sending the request to the answer. */
  readonly accepted_ms: number;
  readonly steps: readonly Step[];
  readonly trace_url?: string;
  /** What Zipkin held of the trace; absent when it was not there in time. */
  readonly trace?: { readonly spans: number; readonly services: readonly string[] };
}

/** One event; `elapsed_ms` counts from the order's first. */
export interface Step {
  readonly event_type: string;
  readonly version: number;
  readonly position: number;
  readonly elapsed_ms: number;
}

const REQUEST_MS = 10_000;
const JOURNEY_MS = 20_000;
// Spans leave each service in batches, some seconds apart.
const TRACE_MS = 15_000;

/**
 * Places the scenario's order and follows it to its end. Throws when the order is
 * refused; an order that does not get there in 20 seconds is told as it stands.
 */
export async function travel(target: DemoTarget, scenario: Scenario): Promise<Journey> {
  const orders = `${target.httpUrl}/api/orders`;
  const began = performance.now();
  const response = await fetch(orders, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(scenario.order),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const accepted_ms = Math.round(performance.now() - began);
  if (response.status !== 201) {
    throw new Error(`POST ${orders} was answered ${response.status}: ${await response.text()}`);
  }
  const { order_id } = (await response.json()) as { order_id: string };
  const order = `${orders}/${encodeURIComponent(order_id)}`;
  const statusNow = async () => (await getJson<{ status: string }>(order)).status;
  const ended = async () => {
    const now = await statusNow();
    return now === scenario.ends && now;
  };
  const waiting = { what: order, deadlineMs: JOURNEY_MS, everyMs: 20 };
  const status = await until(ended, waiting).catch(statusNow);

  const traceId = response.headers.get('x-trace-id');
  const traced = target.zipkinUrl !== undefined && traceId !== null;
  const trace = traced ? await readTrace(target.zipkinUrl, traceId) : undefined;
  return {
    scenario: scenario.name,
    order_id,
    status,
    as_expected: status === scenario.ends,
    accepted_ms,
    steps: await readSteps(order),
    ...(traced && { trace_url: `${target.zipkinUrl}/zipkin/traces/${traceId}` }),
    ...(trace && { trace }),
  };
}

async function readSteps(order: string): Promise<readonly Step[]> {
  interface Event {
    readonly event_type: string;
    readonly version: number | string;
    readonly position: number | string;
    readonly created_at: string;
  }
  const { events } = await getJson<{ events: readonly Event[] }>(`${order}/events`);
  const first = Date.parse(events[0]?.created_at ?? '');
  return events.map(({ event_type, version, position, created_at }) => ({
    event_type,
    version: Number(version),
    position: Number(position),
    elapsed_ms: Date.parse(created_at) - first,
  }));
}

/** The trace once it has stopped growing; undefined when Zipkin has none in time. */
async function readTrace(zipkinUrl: string, traceId: string): Promise<Journey['trace']> {
  interface Span {
    readonly localEndpoint?: { readonly serviceName?: string };
  }
  let before = 0;
  const settled = async () => {
    const spans = await getJson<readonly Span[]>(`${zipkinUrl}/api/v2/trace/${traceId}`);
    const grown = spans.length > before;
    before = spans.length;
    return grown ? undefined : spans;
  };
  try {
    const spans = await until(settled, { what: 'trace', deadlineMs: TRACE_MS, everyMs: 1_500 });
    const names = spans.map((span) => span.localEndpoint?.serviceName ?? 'unknown');
    return { spans: spans.length, services: [...new Set(names)].toSorted() };
  } catch {
    return undefined;
  }
}

async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) });
  if (!response.ok) throw new Error(`GET ${url} was answered ${response.status}.`);
  return (await response.json()) as T;
}
