import { needsVoid, type OrderEvent, type OrderState } from '../domain/order.ts';

/** How the payment of a failed order is settled. */
export interface Compensation {
  /** `due`: to be requested; `asked`: requested; `done`: settled. */
  readonly state: 'due' | 'asked' | 'done';
  /** From the order's end until it was done. */
  readonly took_ms?: number;
}

/** Undefined if the order is open, approved, or known never to have been paid. */
export function compensation(
  state: OrderState,
  history: readonly { readonly event: OrderEvent; readonly at: Date }[],
): Compensation | undefined {
  if (needsVoid(state)) return { state: 'due' };
  if (state.payment === 'void_requested') return { state: 'asked' };
  if (state.payment !== 'voided') return undefined;
  const ends = ['rejected', 'cancelled', 'paymentfailed'];
  const ended = history.find(({ event }) => ends.includes(event.type));
  const voided = history.find(({ event }) => event.type === 'paymentvoided');
  if (ended === undefined || voided === undefined) return { state: 'done' };
  return { state: 'done', took_ms: voided.at.getTime() - ended.at.getTime() };
}
