import type { Context } from '../../../shared/kit/context.ts';

/** Whose an order is. */
export interface Parties {
  readonly customerId: string;
  readonly restaurantId: string;
}

/** The parties of an order. Rejects with `not_found` (code `order_not_found`), and as the read does. */
export type PartiesOf = (ctx: Context, orderId: string) => Promise<Parties>;

/** So many orders are remembered: a hundred bytes each. */
const MOST = 20_000;

/** For so long, in milliseconds: who was erased is nobody afterwards, as in the keys' cache. */
const REMEMBERED_MS = 10_000;

/**
 * Remembers what `find` found, for ten seconds. A caller who asks for theirs again and again
 * is checked seldom; but the order of a customer who was erased is nobody's, and a new customer
 * of that name does not get it.
 */
export function rememberedParties(
  find: PartiesOf,
  now: () => number = () => performance.now(),
): PartiesOf {
  const known = new Map<string, { readonly parties: Parties; readonly since: number }>();
  return async (ctx, orderId) => {
    const before = known.get(orderId);
    if (before !== undefined && now() - before.since < REMEMBERED_MS) return before.parties;
    const { customerId, restaurantId } = await find(ctx, orderId);
    const parties = { customerId, restaurantId };
    // At the end once more, so that the oldest is the first.
    known.delete(orderId);
    known.set(orderId, { parties, since: now() });
    const [oldest] = known.size > MOST ? known.keys() : [];
    if (oldest !== undefined) known.delete(oldest);
    return parties;
  };
}
