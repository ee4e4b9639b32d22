import { v5, v7 } from 'uuid';

/** Frozen: every derived id depends on it. */
const NAMESPACE = 'b5c3d0de-52d1-4f0f-9a3e-0c8b8f6f2a11';

/** A new id, ordered by time so that indexes grow at one end. */
export const newId = (): string => v7();

/**
 * The id of what `handler` makes of the event `causeId` for `purpose`: the same
 * every time, so that an answer given twice is one answer. All three are frozen
 * names: renaming one gives answers given before a second life.
 */
export function derivedId(handler: string, causeId: string, purpose: string): string {
  return v5(JSON.stringify([handler, causeId, purpose]), NAMESPACE);
}

/** The order that a customer's idempotency key stands for, always the same. */
export function orderIdFor(customerId: string, idempotencyKey: string): string {
  return v5(JSON.stringify([customerId, idempotencyKey]), NAMESPACE);
}
