import {
  type CircuitBreakerOptions,
  circuitBreaker,
} from '../../shared/kit/middleware/circuit-breaker.ts';
import type { PaymentGateway } from './payment-gateway.ts';

/**
 * `gateway` behind two circuits, one for debits and one for voids, so that
 * money can be given back while none can be taken. While one is open its calls
 * are refused with `circuit_open`, which is unavailable and says when to come
 * again; answers, a declined debit among them, never open it.
 */
export function guardedGateway(
  gateway: PaymentGateway,
  options: CircuitBreakerOptions,
): PaymentGateway {
  const guarded = circuitBreaker(options);
  return {
    debit: guarded((ctx, debit) => gateway.debit(ctx, debit)),
    void: guarded((ctx, request) => gateway.void(ctx, request)),
  };
}
