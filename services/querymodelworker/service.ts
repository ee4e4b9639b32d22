import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { AgreedCurrency } from '../../shared/eventstore/agreed-currency.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { foldBatch, refuseGaps } from './table/batch.ts';
import type { EndedOrder } from './table/ended-orders.ts';
import type { OrderRow } from './table/order-row.ts';
import type { ProjectionFailure } from './table/projection-failure.ts';
import type { ReadModel } from './table/read-model.ts';

/** Consecutive events of the log, and the checkpoint before them. */
export interface Batch {
  /** Position before the first event. */
  readonly after: bigint;
  /** At positions after + 1, after + 2, …; at least one. */
  readonly events: readonly RecordedEvent[];
}

/** The result of projecting a batch. */
export interface Projected {
  /** The checkpoint now; read on after it. */
  readonly position: bigint;
  /**
   * False: the checkpoint was not at the batch's start, because another instance is at
   * work or an earlier write succeeded unnoticed. The rest of the batch was not written.
   */
  readonly applied: boolean;
  /** Events of unknown types, which were skipped. */
  readonly unknown: number;
  /** Unreadable events, which were recorded and skipped. */
  readonly failures: readonly ProjectionFailure[];
  /** Orders that ended by it. */
  readonly ended: readonly EndedOrder[];
}

/** Keeps the read model up to date with the log. */
export interface QueryModelService {
  /** Position up to which the log is in the read model. */
  checkpoint(ctx: Context): Promise<bigint>;
  /**
   * Folds a batch into the read model. Repeated calls, from any number of instances,
   * apply it once. Rejects with `gap_in_events` (internal) for a batch with a hole.
   */
  project(ctx: Context, batch: Batch): Promise<Projected>;
}

/**
 * Most characters of rows in one statement: servers refuse messages above 16 MB
 * (CockroachDB), and a character may take three bytes.
 */
const MAX_STATEMENT = 4_000_000;

/**
 * The projection over `readModel`. It keeps no state in memory: the checkpoint is in the
 * tables. Nothing is folded before `agreed` (default: at once): rows hold minor units, so
 * a wrong currency would leave wrong amounts for good.
 */
export function createQueryModelService(
  readModel: Pick<ReadModel, 'checkpoint' | 'rows' | 'write'>,
  codec: OrderEventCodec,
  agreed: Pick<AgreedCurrency, 'check'> = { check: () => undefined },
): QueryModelService {
  async function project(ctx: Context, { after, events }: Batch): Promise<Projected> {
    refuseGaps(after, events);
    const orderIds = [...new Set(events.map((event) => event.aggregateId))];
    const { table, rows: before } = await readModel.rows(ctx, orderIds);
    const { changed, failures, unknown, ended } = foldBatch(codec, before, events);
    const rows = [...changed.values()];
    if (sizeOf(rows) > MAX_STATEMENT && events.length > 1) return inHalves(ctx, { after, events });
    const to = after + BigInt(events.length);
    const { eventId = '' } = events.at(-1) ?? {};
    const applied = await readModel.write(ctx, { table, from: after, to, eventId, rows, failures });
    if (applied) return { position: to, applied, unknown, failures, ended };
    const position = await readModel.checkpoint(ctx);
    return { position, applied, unknown: 0, failures: [], ended: [] };
  }

  async function inHalves(ctx: Context, { after, events }: Batch): Promise<Projected> {
    const middle = events.length >> 1;
    const first = await project(ctx, { after, events: events.slice(0, middle) });
    if (!first.applied) return first;
    const second = await project(ctx, { after: first.position, events: events.slice(middle) });
    return {
      ...second,
      unknown: first.unknown + second.unknown,
      failures: [...first.failures, ...second.failures],
      ended: [...first.ended, ...second.ended],
    };
  }

  return {
    checkpoint: (ctx) => readModel.checkpoint(ctx),
    project: async (ctx, batch) => {
      await agreed.check(ctx);
      return project(ctx, batch);
    },
  };
}

const sizeOf = (rows: readonly OrderRow[]): number =>
  rows.reduce((sum, row) => sum + row.items.length + (row.reason?.length ?? 0) + 500, 0);
