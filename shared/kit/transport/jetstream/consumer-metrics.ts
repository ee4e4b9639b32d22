import type { Counter, Meter, ObservableResult } from '@opentelemetry/api';

/** What a durable consumer counts, each labelled with the consumer's name. */
export interface ConsumerMetrics {
  /** Messages that arrived, repeats included. */
  readonly delivered: Pick<Counter, 'add'>;
  /** Counts an answer: `acked`, `retried`, `parked`, `undecodable`. */
  answered(status: number | string): void;
  /** Messages of the durable that are not done, over all instances. */
  lag(messages: number): void;
  close(): void;
}

/** Metrics of one consumer; `inFlight` is read when they are collected. */
export function consumerMetrics(
  meter: Meter,
  consumer: string,
  inFlight: () => number,
): ConsumerMetrics {
  const delivered = meter.createCounter('jetstream_delivered', {
    description: 'Messages delivered to a consumer, repeats included.',
  });
  const answered = meter.createCounter('jetstream_answered', {
    description:
      'Messages answered by a consumer, by result: acked, retried, parked or undecodable.',
  });
  const held = meter.createObservableGauge('jetstream_in_flight', {
    description: 'Messages that a consumer holds and has not answered yet.',
  });
  const pending = meter.createObservableGauge('jetstream_lag', {
    description: 'Messages of a durable that are not finished, over all instances.',
  });
  const labels = { consumer };
  let lag: number | undefined;
  const observeHeld = (result: ObservableResult) => result.observe(inFlight(), labels);
  const observeLag = (result: ObservableResult) => {
    if (lag !== undefined) result.observe(lag, labels);
  };
  held.addCallback(observeHeld);
  pending.addCallback(observeLag);
  return {
    delivered: { add: (count) => delivered.add(count, labels) },
    answered: (status) => answered.add(1, { ...labels, outcome: String(status) }),
    lag: (messages) => {
      lag = messages;
    },
    close: () => {
      held.removeCallback(observeHeld);
      pending.removeCallback(observeLag);
    },
  };
}
