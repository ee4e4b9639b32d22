import type { Meter } from '@opentelemetry/api';
import type { Context } from '../context.ts';
import type { DeadLetter, Delivery } from '../delivery.ts';
import type { Middleware } from '../endpoint.ts';
import { CodedError, codedError, isKind, kinds } from '../errors.ts';
import { inOneLine } from '../in-one-line.ts';
import { type Logger, logFields } from '../logger.ts';

export interface DeadLetterOptions {
  /** Name of the consumer that gives up. */
  readonly consumer: string;
  /** Keeps the letter outside the broker. May be called again with the same one. */
  readonly park: (ctx: Context, letter: DeadLetter) => Promise<void>;
  readonly logger: Logger;
  readonly meter: Meter;
  /**
   * For what must succeed in the end, such as a compensation: an outage, however
   * long, never ends its deliveries. Poison and faults of ours are parked as ever.
   */
  readonly insist?: boolean | undefined;
}

/** Failures that pass by themselves. */
const passing = ['unavailable', 'timeout', 'overloaded', 'cancelled'] as const;

/** Parking is given this long, in milliseconds, also when the message's own time is up or the worker is stopping. */
const parkMs = 5_000;

/** Of an error's text this many characters are kept: enough to know it by. */
const lastErrorChars = 1_000;

/**
 * Parks a message that can never succeed (`poison` in the table of kinds), or
 * that failed on its last delivery or never had an answer to it, and then rejects with `parked`, which ends
 * its deliveries. Any other failure passes through, to be delivered again. When
 * parking itself fails it rejects with `park_failed`, which is worth another
 * delivery: a message is never dropped for want of a place to keep it.
 */
export function deadLetter({
  consumer,
  park,
  logger,
  meter,
  insist = false,
}: DeadLetterOptions): Middleware<Delivery> {
  const parked = meter.createCounter('dead_letters_total', {
    description: 'Messages given up and stored as dead letters.',
  });

  /** Keeps the letter and rejects with what ends the deliveries. */
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

/** Serving it once more may kill the process once more. */
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
 * What went wrong, for operators, in one line: the fields at fault as an answer
 * over HTTP names them, else the cause, for an internal error's message says nothing.
 */
function lastError({ message, problems, cause }: CodedError): string {
  const fields = problems.map((problem) => `${problem.field} ${problem.message}`).join('; ');
  const why = fields === '' && cause instanceof Error ? ` (${inOneLine(cause)})` : '';
  const text =
    fields === '' ? `${message}${why}` : `${message.replace(/[.]$/, '')}: ${oneLine(fields)}.`;
  // Neither a NUL nor half of a surrogate pair, as a cut leaves it, has a place in an SQL text.
  return text.replaceAll('\0', '').slice(0, lastErrorChars).toWellFormed();
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');
