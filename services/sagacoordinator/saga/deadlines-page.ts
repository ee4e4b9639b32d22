/** What the admin port shows of the deadlines: ids, kinds and times, and nothing of the orders. */
import { unsampled } from '../../../shared/eventstore/unsampled.ts';
import { background, withTimeLeft } from '../../../shared/kit/context.ts';
import type { Deadlines } from '../../../shared/process-manager/deadlines.ts';

/** The deadlines that are due first, as JSON; times are by the database's clock. */
export interface DeadlinesShown {
  readonly deadlines: readonly {
    readonly order_id: string;
    readonly kind: string;
    readonly due_at: string;
    readonly due_in_ms: number;
    readonly ceiling_at: string;
    readonly attempts: number;
  }[];
}

const LIMITS = { usual: 50, most: 200 };
const ANSWER_MS = 2_000;

/** The page at `/deadlines`: as many as `limit` says. Rejects as `deadlines` do. */
export const deadlinesPage =
  (deadlines: Pick<Deadlines, 'upcoming'>) =>
  async (query: URLSearchParams): Promise<DeadlinesShown> => {
    const asked = Math.trunc(Number(query.get('limit') ?? LIMITS.usual));
    const limit = asked >= 1 && asked <= LIMITS.most ? asked : LIMITS.usual;
    const ctx = unsampled(withTimeLeft(background(), ANSWER_MS));
    const upcoming = await deadlines.upcoming(ctx, limit);
    return {
      deadlines: upcoming.map((one) => ({
        order_id: one.aggregateId,
        kind: one.kind,
        due_at: one.dueAt.toISOString(),
        due_in_ms: Math.round(one.dueInMs),
        ceiling_at: one.ceilingAt.toISOString(),
        attempts: one.attempts,
      })),
    };
  };
