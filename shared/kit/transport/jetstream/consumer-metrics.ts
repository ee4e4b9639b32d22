import { frameMetrics } from '../../metrics/frame-metrics.ts';
import type { HistogramCell, Meter } from '../../metrics/meter.ts';

/** What a consumer counts, each labelled with the consumer's name. */
export interface ConsumerMetrics {
  /** Messages arrived, repeats included. */
  delivered(count: number): void;
  /** Counts an answer to a message that came at `sinceMs`, by `performance.now()`: `acked`, `retried`, `parked`, `undecodable`. */
  answered(status: number | string, sinceMs: number): void;
  /** Messages of the consumer that are not done, over all instances. */
  lag(messages: number): void;
  close(): void;
}

/**
 * Metrics of one consumer of `system`; `inFlight` is read when they are collected. They run
 * thousands of times a second: each series is searched for once.
 */
export function consumerMetrics(
  meter: Meter,
  system: 'nats' | 'eventstore',
  consumer: string,
  inFlight: () => number,
): ConsumerMetrics {
  const group = { 'messaging.consumer.group.name': consumer };
  const labels = { 'messaging.system': system, ...group };
  const delivered = meter.counter(frameMetrics.messagesConsumed).with(labels);
  const duration = meter.histogram(frameMetrics.messageDuration);
  const byOutcome = new Map<number | string, HistogramCell>();
  let lag: number | undefined;

  function cell(outcome: number | string): HistogramCell {
    let found = byOutcome.get(outcome);
    if (found === undefined) {
      found = duration.with({ ...labels, outcome });
      byOutcome.set(outcome, found);
    }
    return found;
  }

  const ends = [
    meter.observe(frameMetrics.messagesHeld, (tell) => tell(inFlight(), group)),
    meter.observe(frameMetrics.messagesBehind, (tell) => {
      if (lag !== undefined) tell(lag, group);
    }),
  ];
  return {
    delivered: (count) => delivered.add(count),
    answered: (status, sinceMs) => cell(status).record((performance.now() - sinceMs) / 1_000),
    lag: (messages) => {
      lag = messages;
    },
    close: () => {
      for (const end of ends) end();
    },
  };
}
