/**
 * How the services are set for chaos. Every limit is short, so that a fault of some
 * seconds is longer than it; an order's own deadlines are longer than all that one
 * fault may cost a worker that runs, and shorter than a process is stopped for.
 */

/** Longer than a call, a statement and an acknowledgement may take; shorter than an order's deadlines. */
export const HELD_MS = 4_500;

/** The default time that an order waits for its payment, and for its review. */
export const DEADLINE_MS = 15_000;

/** A void without an answer for this long is requested again. */
export const VOID_RETRY_MS = 10_000;

/** An order whose event waits in a queue is cancelled only after this. */
export const CEILING_MS = 10 * 60_000;

/** Longer than any deadline there is. */
export const stoppedMs = (deadlineMs: number): number => deadlineMs + 2_000;

/** Customers and restaurants that are treated otherwise, and the amount above which orders are turned down. */
export const names = {
  declined: 'chaos-declined',
  unpaid: 'chaos-unpaid',
  slow: 'chaos-slow',
  closed: 'chaos-closed',
  manual: 'chaos-manual',
} as const;
export const REJECT_ABOVE_MINOR = 100_000;

/** Some calls of the gateway fail, half of these after they were done; some are slow. */
const gateway = {
  SIMULATED_FAILURE_RATE: '0.05',
  SIMULATED_DECLINE_CUSTOMERS: names.declined,
  SIMULATED_FAIL_CUSTOMERS: names.unpaid,
  SIMULATED_SLOW_CUSTOMERS: names.slow,
  SIMULATED_SLOW_MS: '800',
};

const worker = {
  ACK_WAIT_MS: '4000',
  ATTEMPT_TIMEOUT_MS: '4000',
  EVENTSTORE_TIMEOUT_MS: '3000',
  RETRY_DELAYS_MS: '100,500,1000',
  // An outage of half a minute must not park good messages.
  MAX_DELIVER: '60',
};
const database = { DATABASE_TIMEOUT_MS: '3000' };

/** Further variables of each service. */
export const environment = (deadlineMs: number) => ({
  eventstoresvc: { ...database, REQUEST_TIMEOUT_MS: '4000' },
  ordersvc: { REQUEST_TIMEOUT_MS: '4000', PLACE_TIMEOUT_MS: '4000' },
  paymentworker: { ...worker, ...database, ...gateway },
  reviewworker: {
    ...worker,
    REVIEW_REJECT_ABOVE: String(REJECT_ABOVE_MINOR / 100),
    REVIEW_REJECT_RESTAURANTS: names.closed,
    REVIEW_MANUAL_RESTAURANTS: names.manual,
  },
  querymodelworker: { ...database, EVENTSTORE_TIMEOUT_MS: '3000', ATTEMPT_TIMEOUT_MS: '4000' },
  sagacoordinator: {
    ...worker,
    ...database,
    PAYMENT_DEADLINE_MS: String(deadlineMs),
    REVIEW_DEADLINE_MS: String(deadlineMs),
    VOID_RETRY_MS: String(VOID_RETRY_MS),
    DEADLINE_CEILING_MS: String(CEILING_MS),
  },
});
