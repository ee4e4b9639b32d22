import { PEER } from '../span.ts';

/** What is read of a span as OpenTelemetry's exporter makes it for Zipkin. */
interface ZipkinSpan {
  readonly tags?: Readonly<Record<string, unknown>>;
}

/**
 * The span with the program at its other end, which {@link PEER} names. From that Zipkin draws
 * the edges of its dependency page where no request joins two services: at a broker.
 */
export function withRemoteEndpoint<Span extends ZipkinSpan>(span: Span): Span {
  const peer = span.tags?.[PEER];
  if (typeof peer !== 'string') return span;
  return { ...span, remoteEndpoint: { serviceName: peer } };
}
