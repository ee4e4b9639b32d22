import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker as circuitBreakerPolicy,
  handleWhen,
} from 'cockatiel';
import { type Context, remaining } from '../context.ts';
import type { Middleware } from '../endpoint.ts';
import { CodedError, isMachineryFailure } from '../errors.ts';

export interface CircuitBreakerOptions {
  /** Failures in a row, without a success between, that open the circuit. */
  readonly threshold: number;
  /** How long it stays open before one request may try, in milliseconds. */
  readonly halfOpenAfterMs: number;
}

/**
 * Stops calling an endpoint that fails again and again, so that callers hear so
 * at once and what is behind it can recover. After a while one request is let
 * through as a probe; its success closes the circuit. Only failures of the
 * machinery count, and running out of time is one; a refusal is an answer and
 * closes it too. While it is open, and beside a probe, requests are refused
 * with `circuit_open`. One circuit for each endpoint it wraps.
 */
export function circuitBreaker({ threshold, halfOpenAfterMs }: CircuitBreakerOptions): Middleware {
  return (next) => {
    const circuit = circuitBreakerPolicy(handleWhen(isMachineryFailure), {
      halfOpenAfter: halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(threshold),
    });
    let openedAt = 0;
    circuit.onBreak(() => {
      openedAt = Date.now();
    });
    const refusal = () =>
      new CodedError('unavailable', 'circuit_open', 'Not available at the moment.', {
        retryAfterMs: Math.max(1, openedAt + halfOpenAfterMs - Date.now()),
      });

    return async (ctx, request) => {
      // The policy would queue everything else behind the probe, without a bound.
      if (circuit.state === CircuitState.HalfOpen) throw refusal();
      const mayBeProbe = circuit.state === CircuitState.Open;
      try {
        return await circuit.execute(
          mayBeProbe
            ? () => heeding(ctx.signal, next(ctx, request))
            : () => judging(ctx, next(ctx, request)),
          ctx.signal,
        );
      } catch (error) {
        throw error instanceof BrokenCircuitError ? refusal() : error;
      }
    };
  };
}

/** An endpoint may say `cancelled` when it is aborted for want of time; to the circuit that is a failure. */
async function judging<T>(ctx: Context, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw ctx.signal.aborted && remaining(ctx, 1) === 0 ? outOfTime(error) : error;
  }
}

/** A probe that is aborted, for whatever reason, proved nothing; and one that never settles must not hold the circuit. */
function heeding<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(outOfTime(signal.reason));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function outOfTime(cause: unknown): CodedError {
  return new CodedError('timeout', 'deadline_exceeded', 'No answer in time.', { cause });
}
