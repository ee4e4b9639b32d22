/**
 * Assertions on spans, recorded in this process or read from Zipkin. After emmett's
 * `hasSingleSpanNamed`.
 */
import assert from 'node:assert/strict';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** A span as the assertions see it. Names and services in lower case, as Zipkin keeps them. */
export interface SeenSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  /** `SERVER`, `CLIENT`, `PRODUCER`, `CONSUMER`; `INTERNAL` for all others. */
  readonly kind: string;
  readonly service: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Marked as a technical failure. */
  readonly failed: boolean;
}

/** A span and those it caused. */
export interface SpanTree {
  readonly span: SeenSpan;
  readonly children: readonly SpanTree[];
}

/** A span as Zipkin's API gives it; only the fields that are read here. */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name?: string;
  readonly kind?: string;
  readonly localEndpoint?: { readonly serviceName?: string };
  readonly remoteEndpoint?: { readonly serviceName?: string };
  readonly tags?: Readonly<Record<string, string>>;
}

/** Spans as Zipkin's API gives them (`GET /api/v2/trace/{traceId}`). */
export function fromZipkin(spans: readonly ZipkinSpan[]): readonly SeenSpan[] {
  return spans.map((span) => ({
    traceId: span.traceId,
    id: span.id,
    parentId: span.parentId,
    name: (span.name ?? '').toLowerCase(),
    kind: span.kind ?? 'INTERNAL',
    service: (span.localEndpoint?.serviceName ?? '').toLowerCase(),
    tags: span.tags ?? {},
    failed: span.tags?.error !== undefined,
  }));
}

/** Spans as OpenTelemetry's SDK ends them. */
export function fromSdk(spans: readonly ReadableSpan[]): readonly SeenSpan[] {
  return spans.map((span) => ({
    traceId: span.spanContext().traceId,
    id: span.spanContext().spanId,
    parentId: span.parentSpanContext?.spanId,
    name: span.name.toLowerCase(),
    kind: SpanKind[span.kind],
    service: String(span.resource.attributes['service.name'] ?? '').toLowerCase(),
    tags: Object.fromEntries(Object.entries(span.attributes).map(([k, v]) => [k, String(v)])),
    failed: span.status.code === SpanStatusCode.ERROR,
  }));
}

/** The one span with that name, in any case; fails if there is none or more than one. */
export function hasSingleSpanNamed(spans: readonly SeenSpan[], name: string): SeenSpan {
  const [found, ...others] = spans.filter((span) => span.name === name.toLowerCase());
  const names = spans.map((span) => span.name).join(', ');
  assert.ok(found, `There is no span "${name}" among: ${names}`);
  assert.equal(others.length, 0, `There are ${others.length + 1} spans "${name}" among: ${names}`);
  return found;
}

/** No span's name holds one of these ids, or anything that looks like one. */
export function hasNoIdInNames(spans: readonly SeenSpan[], ids: readonly string[] = []): void {
  const uuid = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/;
  for (const { name } of spans) {
    assert.doesNotMatch(name, uuid, `The span name "${name}" holds an id.`);
    for (const id of ids) {
      assert.ok(!name.includes(id.toLowerCase()), `The span name "${name}" holds the id ${id}.`);
    }
  }
}

/**
 * The spans as trees. Fails unless they are of one trace and every parent is
 * present, except `callersSpanId`: the span of the external caller.
 */
export function spanTrees(spans: readonly SeenSpan[], callersSpanId?: string): readonly SpanTree[] {
  const traces = new Set(spans.map((span) => span.traceId));
  assert.equal(traces.size, 1, `Expected one trace, not ${[...traces].join(', ')}`);
  const ids = new Set(spans.map((span) => span.id));
  const byParent = new Map<string | undefined, SeenSpan[]>();
  for (const span of spans) {
    const parent = span.parentId === callersSpanId ? undefined : span.parentId;
    assert.ok(
      parent === undefined || ids.has(parent),
      `The parent of "${span.name}" (${span.service}) is missing: ${parent}`,
    );
    byParent.set(parent, [...(byParent.get(parent) ?? []), span]);
  }
  const below = (parent: string | undefined): SpanTree[] =>
    (byParent.get(parent) ?? []).map((span) => ({ span, children: below(span.id) }));
  return below(undefined);
}

/** The trees as text, one line per span, for messages and for reading. */
export function treeText(trees: readonly SpanTree[], indent = ''): string {
  return trees
    .map(
      ({ span, children }) =>
        `${indent}${span.service}: ${span.name} [${span.kind}]\n${treeText(children, `${indent}  `)}`,
    )
    .join('');
}
