import {
  type CircuitBreakerOptions,
  circuitBreaker,
} from '../../../shared/kit/middleware/circuit-breaker.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import type { PaymentGateway } from './payment-gateway.ts';

/**
 * `gateway` behind two circuits, one for debits and one for voids, so that money can be
 * given back while debits fail. An open circuit refuses calls with `circuit_open`,
 * which is unavailable and says when to retry. Answers never open it, not even a
 * declined debit. As a component it reports which circuit is open.
 */
export function guardedGateway(
  gateway: PaymentGateway,
  options: CircuitBreakerOptions,
): PaymentGateway & Component {
  const open = new Set<string>();
  const guarded = (what: string) =>
    circuitBreaker({ ...options, onChange: (now) => (now ? open.add(what) : open.delete(what)) });
  return {
    name: 'payment gateway',
    degraded: () =>
      open.size === 0
        ? undefined
        : `${[...open].join(' and ')} keep failing, so the gateway gets a pause (circuit_open)`,
    debit: guarded('debits')((ctx, debit) => gateway.debit(ctx, debit)),
    void: guarded('voids')((ctx, request) => gateway.void(ctx, request)),
  };
}
