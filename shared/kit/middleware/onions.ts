import type { Delivery } from '../delivery.ts';
import { chain, type Middleware, nop } from '../endpoint.ts';
import type { Logger } from '../logger.ts';
import type { Meter } from '../metrics/meter.ts';
import { type CircuitBreakerOptions, circuitBreaker } from './circuit-breaker.ts';
import { type DeadLetterOptions, deadLetter } from './dead-letter.ts';
import { type FairShareOptions, fairShare } from './fair-share.ts';
import { instrumenting } from './instrumenting.ts';
import { type LoggingOptions, logging } from './logging.ts';
import { type RateLimitOptions, rateLimit } from './rate-limit.ts';
import { type RetryOptions, retry } from './retry.ts';
import { timeout } from './timeout.ts';

/** What every endpoint's onion needs. */
interface OnionOptions<In = unknown> {
  /** Outermost, so that every line and measurement belongs to the request's span. */
  readonly tracing: Middleware<In>;
  readonly meter: Meter;
  readonly logger: Logger;
  /** The endpoint's name, as in logs and metrics. */
  readonly name: string;
}

export interface RequestOnionOptions extends OnionOptions {
  /**
   * For one call of the endpoint, in milliseconds. Undefined: no limit, for an answer
   * that is a stream and takes as long as its source.
   */
  readonly timeoutMs: number | undefined;
  /** Default: no limit. */
  readonly rateLimit?: RateLimitOptions;
  /** Default: who asks first is served first, however many one caller asks for. */
  readonly fairShare?: FairShareOptions;
  /**
   * Who may call it: `authorize` and a rule. Default: nobody is asked, for endpoints whose
   * transport lets only those in who may.
   */
  readonly authorize?: Middleware;
  /** Default: no circuit. */
  readonly breaker?: CircuitBreakerOptions;
  /** Level of the line for a request that went well. Default `info`. */
  readonly okLevel?: NonNullable<LoggingOptions['okLevel']>;
}

/** A worker's own retries, before the longer waits of the broker or of its checkpoint: enough for a dependency that restarts, not for an outage. */
export const inProcessRetry: RetryOptions = { attempts: 3, initialDelayMs: 50, maxDelayMs: 1_000 };

export interface WorkerOnionOptions extends OnionOptions {
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
  readonly consumer: string;
  readonly park: DeadLetterOptions['park'];
  /** Never give up because of an outage: for work that must succeed in the end. */
  readonly insist?: boolean;
  /** Default `inProcessRetry`. */
  readonly retry?: RetryOptions;
}

/**
 * The onion around an endpoint whose caller waits. The rate limit comes before the timeout,
 * so that a refusal costs nothing. The timeout bounds the wait for a turn and the
 * authorization, which may have to look something up. The circuit is innermost, so that it judges only
 * the endpoint and never our own refusals.
 */
export function requestMiddleware(options: RequestOnionOptions): Middleware {
  const { tracing, meter, logger, name, timeoutMs, okLevel = 'info' } = options;
  return chain(
    tracing,
    instrumenting(meter, name),
    logging(logger, name, { okLevel, seldomRefused: true }),
    options.rateLimit === undefined ? nop : rateLimit(options.rateLimit),
    timeoutMs === undefined ? nop : timeout(timeoutMs),
    options.fairShare === undefined ? nop : fairShare(options.fairShare),
    options.authorize ?? nop,
    options.breaker === undefined ? nop : circuitBreaker(options.breaker),
  );
}

/**
 * The onion around an endpoint that answers deliveries. Each attempt has its own timeout;
 * a message is parked only when the attempts are used up; the log and the metrics show
 * the final result.
 */
export function workerMiddleware(options: WorkerOnionOptions): Middleware<Delivery> {
  const { tracing, meter, logger, name, consumer, park, timeoutMs } = options;
  return chain<Delivery>(
    tracing,
    instrumenting(meter, name),
    logging(logger, name, { okLevel: 'debug' }),
    deadLetter({ consumer, park, logger, meter, insist: options.insist }),
    retry(options.retry ?? inProcessRetry),
    timeout(timeoutMs),
  );
}

export interface BatchOnionOptions extends Omit<OnionOptions, 'tracing'> {
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * The onion around an endpoint that takes many events at once: a worker's without two of
 * its layers. A batch belongs to many traces, so its transport makes the spans, one for
 * each event in its own trace; and nothing is parked, because a projection skips what it
 * cannot read.
 */
export function batchMiddleware({ meter, logger, name, timeoutMs }: BatchOnionOptions): Middleware {
  return chain(
    instrumenting(meter, name),
    logging(logger, name, { okLevel: 'debug' }),
    retry(inProcessRetry),
    timeout(timeoutMs),
  );
}

export interface DeadlineOnionOptions<Deadline> extends OnionOptions<Deadline> {
  /** For one firing, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * The onion around an endpoint that fires deadlines: a worker's without two of its
 * layers. The clock fires a failed deadline again later, forever, so there is neither a
 * retry nor a dead letter.
 */
export function deadlineMiddleware<Deadline>({
  tracing,
  meter,
  logger,
  name,
  timeoutMs,
}: DeadlineOnionOptions<Deadline>): Middleware<Deadline> {
  return chain<Deadline>(
    tracing,
    instrumenting(meter, name),
    logging(logger, name, { okLevel: 'debug' }),
    timeout(timeoutMs),
  );
}
