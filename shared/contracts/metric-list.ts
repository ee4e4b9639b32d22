/** The one list of all metrics: the frame's, the event store's and those of orders. docs/metrics.md is made from it. */
import { frameMetrics } from '../kit/metrics/frame-metrics.ts';
import { counter, gauge, histogram } from '../kit/metrics/listing.ts';
import type { Metric } from '../kit/metrics/metric.ts';

/** Up to a second a deadline is on time; the rest show how late it was. */
const lateSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];
/** An order takes milliseconds without a person, and minutes with one. */
const journeySeconds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 3_600];

/** Of eventstoresvc. */
export const eventStoreMetrics = {
  appended: counter({
    name: 'eventstore.events.appended',
    unit: '{event}',
    help: 'Events committed, repeats included.',
    labels: ['stream', 'type'],
  }),
  lettersStored: counter({
    name: 'eventstore.dead_letters',
    unit: '{letter}',
    help: 'Dead letters stored, by consumer and reason.',
    labels: ['stream', 'consumer', 'reason'],
  }),
  logPosition: gauge({
    name: 'eventstore.log.position',
    unit: '{event}',
    help: "The log's last position, when the relay last looked.",
    labels: ['stream'],
  }),
  streamPosition: gauge({
    name: 'eventstore.stream.position',
    unit: '{event}',
    help: 'The last position known to be published.',
    labels: ['stream'],
  }),
  refusing: gauge({
    name: 'eventstore.log.refusing',
    unit: '{log}',
    help: '1 while the log accepts no events because it does not agree with the stream, else 0.',
    labels: ['stream'],
  }),
  relayStuck: gauge({
    name: 'eventstore.relay.stuck',
    unit: '{relay}',
    help: '1 while the relay publishes nothing, because it cannot or refuses to; /readyz says why.',
    labels: ['stream'],
  }),
  consumerPosition: gauge({
    name: 'eventstore.consumer.position',
    unit: '{event}',
    help: "A consumer's checkpoint, as the log keeps it.",
    labels: ['consumer'],
  }),
  consumerLag: gauge({
    name: 'eventstore.consumer.lag',
    unit: '{event}',
    help: "Events of the log after a consumer's checkpoint that it answers, of the next 10,000.",
    labels: ['consumer'],
  }),
  consumerLagAge: gauge({
    name: 'eventstore.consumer.lag.age',
    unit: 's',
    help: 'For how long the first event after its checkpoint that a consumer answers has waited; 0 if there is none. One that is more than 10,000 events away is found with the next looks.',
    labels: ['consumer'],
  }),
  lettersParked: gauge({
    name: 'eventstore.dead_letters.parked',
    unit: '{letter}',
    help: 'Parked dead letters, by consumer.',
    labels: ['consumer'],
  }),
} as const;

/** Of the services of orders. */
export const orderMetrics = {
  placed: counter({
    name: 'orders.placed',
    unit: '{order}',
    help: 'Orders accepted; replayed counts retries that got the first answer again.',
    labels: ['replayed'],
  }),
  read: counter({
    name: 'orders.read',
    unit: '{order}',
    help: 'Single orders shown, by source and by whether they may be stale.',
    labels: ['source', 'stale'],
  }),
  decided: counter({
    name: 'orders.decided',
    unit: '{order}',
    help: 'Decisions by people, by result: done, already so, or the code of the refusal.',
    labels: ['command', 'outcome'],
  }),
  refused: counter({
    name: 'orders.refused',
    unit: '{order}',
    help: 'New orders refused because too many accepted ones were not finished.',
  }),
  unfinished: gauge({
    name: 'orders.unfinished',
    unit: '{order}',
    help: 'Orders accepted here that are not finished, as far as is known.',
  }),
  unfinishedLimit: gauge({
    name: 'orders.unfinished.limit',
    unit: '{order}',
    help: 'With so many of them new orders are refused.',
  }),
  unfinishedAge: gauge({
    name: 'orders.unfinished.age',
    unit: 's',
    help: 'For how long the oldest of them has been on its way.',
  }),
  open: gauge({
    name: 'orders.open',
    unit: '{order}',
    help: 'Orders in the read model that have not ended, by status.',
    labels: ['status'],
  }),
  overdue: gauge({
    name: 'orders.overdue',
    unit: '{order}',
    help: 'Those of them that have waited five seconds longer than `PAYMENT_DEADLINE_MS` or `REVIEW_DEADLINE_MS` (those of ordersvc).',
    labels: ['status'],
  }),
  projectionLag: gauge({
    name: 'projection.lag',
    unit: '{event}',
    help: 'Events of the log that the read model lacks, as ordersvc sees it.',
  }),
  projectionLagAge: gauge({
    name: 'projection.lag.age',
    unit: 's',
    help: 'For how long the first of them has waited; 0 if there is none.',
  }),
  deadlinesWaiting: gauge({
    name: 'saga.deadlines.waiting',
    unit: '{deadline}',
    help: 'Deadlines that are set, by kind.',
    labels: ['kind'],
  }),
  deadlinesDue: gauge({
    name: 'saga.deadlines.due',
    unit: '{deadline}',
    help: 'Those of them that have been due for five seconds and have not fired.',
    labels: ['kind'],
  }),
  auditVerdict: gauge({
    name: 'audit.last.verdict',
    unit: '{audit}',
    help: '1 for what the last `ordersctl audit` found: right, waiting, unreachable or wrong; 0 for the others.',
    labels: ['verdict'],
  }),
  auditAge: gauge({
    name: 'audit.last.age',
    unit: 's',
    help: 'Time since the last `ordersctl audit` ended.',
  }),
  payments: counter({
    name: 'payments',
    unit: '{payment}',
    help: 'Payments, by result.',
    labels: ['result'],
  }),
  debited: counter({
    name: 'payments.debited.minor_units',
    unit: '{minor_unit}',
    help: 'Money debited, in minor units of the currency.',
  }),
  voids: counter({
    name: 'payment.voids',
    unit: '{payment}',
    help: 'Voids, by result.',
    labels: ['result'],
  }),
  reviews: counter({
    name: 'reviews',
    unit: '{order}',
    help: 'Reviews, by outcome.',
    labels: ['outcome'],
  }),
  sagaEvents: counter({
    name: 'saga.events',
    unit: '{event}',
    help: 'Events followed, by the answer that was appended.',
    labels: ['outcome'],
  }),
  sagaFired: counter({
    name: 'saga.deadlines',
    unit: '{deadline}',
    help: 'Deadlines fired, by kind and by what was appended.',
    labels: ['kind', 'outcome'],
  }),
  sagaLateness: histogram({
    name: 'saga.deadline.lateness',
    unit: 's',
    help: "Time from a deadline's due time, by the database's clock, until it was handled.",
    labels: ['kind'],
    bounds: lateSeconds,
  }),
  projectionEvents: counter({
    name: 'projection.events',
    unit: '{event}',
    help: 'Events read by the projection, by result: folded, unknown or unreadable.',
    labels: ['result'],
  }),
  projectionBatches: counter({
    name: 'projection.batches',
    unit: '{batch}',
    help: 'Batches, by result: applied, or moved if the checkpoint was not where expected.',
    labels: ['result'],
  }),
  projectionPosition: gauge({
    name: 'projection.position',
    unit: '{event}',
    help: 'Position up to which the read model includes the log.',
  }),
  liveReaders: gauge({
    name: 'console.live.readers',
    unit: '{page}',
    help: 'Pages that read what happens now.',
  }),
  journey: histogram({
    name: 'orders.journey.duration',
    unit: 's',
    help: 'Time from when an order was appended until its end was, by its last status and who ended it: the policy, a person, or the payment.',
    labels: ['status', 'by'],
    bounds: journeySeconds,
  }),
} as const;

/** All metrics. */
export const allMetrics: readonly Metric[] = [
  frameMetrics,
  eventStoreMetrics,
  orderMetrics,
].flatMap((list): readonly Metric[] => Object.values(list));
