import type { Context } from '../context.ts';
import type { DeadLetter, Delivery } from '../delivery.ts';
import type { Middleware } from '../endpoint.ts';
import { CodedError, codedError, isKind, kinds } from '../errors.ts';
import { inOneLine } from '../in-one-line.ts';
import { type Logger, logFields } from '../logger.ts';
import { frameMetrics } from '../metrics/frame-metrics.ts';
import type { Meter } from '../metrics/meter.ts';

export interface DeadLetterOptions {
  /** Name of the consumer that gives up. */
  readonly consumer: string;
  /** Stores the letter outside the broker. May be called again with the same letter. */
  readonly park: (ctx: Context, letter: DeadLetter) => Promise<void>;
  readonly logger: Logger;
  readonly meter: Meter;
  /**
   * For work that must succeed in the end, such as a compensation: no outage ends its
   * deliveries, however long. Poison and internal errors are still parked.
   */
  readonly insist?: boolean | undefined;
}

/** Failures that pass by themselves. */
const passing = ['unavailable', 'timeout', 'overloaded', 'cancelled'] as const;

/** How long parking may take, in milliseconds, even if the message's own time is up or the worker is stopping. */
const parkMs = 5_000;

/** How many characters of an error's text are kept. */
const lastErrorChars = 1_000;

/**
 * Parks a message that can never succeed (`poison` in the table of kinds), that failed on
 * its last delivery, or that never got an answer to it; then rejects with `parked`, which
 * ends the deliveries. Any other failure passes through and is delivered again. If
 * parking itself fails it rejects with `park_failed`, so that the message is delivered
 * again: a message is never dropped because it could not be stored.
 */
export function deadLetter({
  consumer,
  park,
  logger,
  meter,
  insist = false,
}: DeadLetterOptions): Middleware<Delivery> {
  const parked = meter.counter(frameMetrics.lettersParked);

  /** Stores the letter and rejects with the error that ends the deliveries. */
  async function give(ctx: Context, delivery: Delivery, error: CodedError): Promise<never> {
    const letter: DeadLetter = {
      consumer,
      position: delivery.sequence,
      eventId: delivery.messageId,
      reason: error.code,
      lastError: lastError(error),
      deliveries: delivery.deliveries,
      traceparent: delivery.traceparent,
    };
    try {
      await park(withOwnTime(ctx), letter);
    } catch (cause) {
      throw new CodedError('unavailable', 'park_failed', 'The message could not be parked.', {
        cause,
      });
    }
    parked.add(1, { consumer, reason: error.code });
    logger.error(
      { ...logFields(ctx), ...letter, position: String(letter.position), err: error },
      'message parked',
    );
    throw new CodedError('parked', 'parked', `Given up: ${error.message}`, { cause: error });
  }

  return (next) => async (ctx, delivery) => {
    if (delivery.overdue && !insist) return give(ctx, delivery, unanswered());
    try {
      return await next(ctx, delivery);
    } catch (error) {
      const coded = codedError(error);
      const { queue } = kinds[coded.kind];
      if (queue === 'parked' || (queue === 'retry' && !delivery.last)) throw error;
      if (insist && isKind(error, ...passing)) throw error;
      return give(ctx, delivery, coded);
    }
  };
}

/** Serving it again may crash the process again. */
const unanswered = () =>
  new CodedError(
    'internal',
    'never_answered',
    'Reached the delivery limit without an answer; the worker probably crashed each time.',
  );

function withOwnTime(ctx: Context): Context {
  return { ...ctx, signal: AbortSignal.timeout(parkMs), deadline: performance.now() + parkMs };
}

/**
 * What went wrong, in one line for operators: the fields at fault as an HTTP answer names
 * them, else the cause, because an internal error's message says nothing.
 */
function lastError({ message, problems, cause }: CodedError): string {
  const fields = problems.map((problem) => `${problem.field} ${problem.message}`).join('; ');
  const why = fields === '' && cause instanceof Error ? ` (${inOneLine(cause)})` : '';
  const text =
    fields === '' ? `${message}${why}` : `${message.replace(/[.]$/, '')}: ${oneLine(fields)}.`;
  // SQL text cannot hold a NUL or half a surrogate pair, which the cut may leave.
  return text.replaceAll('\0', '').slice(0, lastErrorChars).toWellFormed();
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');
