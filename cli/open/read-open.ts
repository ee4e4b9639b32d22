/** Orders that wait, with what each waits for and until when. Field names are those of `--json`. */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { OrderAnswer, OrderListAnswer } from '../../shared/contracts/http.ts';
import { durables, orderAggregate } from '../../shared/contracts/subjects.ts';
import { initialState, type OrderEvent } from '../../shared/domain/order.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { after, readEvent } from '../../shared/story/order-history.ts';
import {
  type Delivered,
  type Waiting,
  type Waits,
  waiting,
} from '../../shared/story/order-waiting.ts';
import { type OrderFilters, orderQuery } from '../order-filters.ts';
import type { OrdersApi } from '../orders-api.ts';

/** An order as ordersvc answers it, and its wait. */
export type OpenOrder = OrderAnswer & { readonly waiting: Waiting };

export interface OpenAnswer {
  /** What is due first comes first. */
  readonly orders: readonly OpenOrder[];
  /** There are more than were looked at. */
  readonly more?: true;
}

export interface OpenOptions {
  readonly api: OrdersApi;
  readonly store: Pick<EventStore, 'readAggregate' | 'getCheckpoint'>;
  readonly codec: OrderEventCodec;
  /** How long orders may wait, by the settings of this command. */
  readonly deadlines: Waits;
  readonly filters: OrderFilters;
  /** Only those that wait too long, as ordersvc knows it. */
  readonly overdue: boolean;
  /** At most so many are looked at, the newest. */
  readonly limit: number;
  readonly now: Date;
}

/** The most that ordersvc puts into a page. */
const PAGE = 100;

/** Rejects with the errors of ordersvc and of the event store. */
export async function readOpen(ctx: Context, options: OpenOptions): Promise<OpenAnswer> {
  const { store, codec, deadlines, now } = options;
  const { orders, more } = await listed(options);
  // They come in few calls: reads that are made at once share one.
  const histories = await Promise.all(
    orders.map(({ order_id }) => store.readAggregate(ctx, orderAggregate(order_id))),
  );
  const delivered = await deliveredBy(ctx, store);
  const found = orders.flatMap((order, n): OpenOrder[] => {
    const waits = waitOf(histories[n] ?? [], codec, { now, deadlines, delivered });
    // It may have gone on since it was listed.
    return waits === undefined ? [] : [{ ...order, waiting: waits }];
  });
  const due = ({ waiting: { until } }: OpenOrder) => until ?? '~';
  return {
    orders: found.sort((a, b) => (due(a) < due(b) ? -1 : 1)),
    ...(more && { more }),
  };
}

async function listed({
  api,
  filters,
  overdue,
  limit,
}: OpenOptions): Promise<{ readonly orders: readonly OrderAnswer[]; readonly more: boolean }> {
  const orders: OrderAnswer[] = [];
  let cursor: string | undefined;
  do {
    const size = String(Math.min(PAGE, limit - orders.length));
    const query = orderQuery(filters, {
      [overdue ? 'overdue' : 'open']: 'true',
      limit: size,
      cursor,
    });
    const { text } = await api.call('GET', `/api/orders?${query}`);
    const page = JSON.parse(text) as OrderListAnswer;
    orders.push(...page.orders);
    cursor = page.next_cursor;
  } while (cursor !== undefined && orders.length < limit);
  return { orders, more: cursor !== undefined };
}

async function deliveredBy(
  ctx: Context,
  store: Pick<EventStore, 'getCheckpoint'>,
): Promise<Delivered> {
  const of = async (consumer: string) => (await store.getCheckpoint(ctx, consumer)).delivered;
  const [payment, review] = await Promise.all([of(durables.payment), of(durables.review)]);
  return { payment, review };
}

function waitOf(
  history: readonly RecordedEvent[],
  codec: OrderEventCodec,
  options: Parameters<typeof waiting>[2],
): Waiting | undefined {
  let state = initialState;
  const read: { readonly event: OrderEvent; readonly at: Date; readonly position: bigint }[] = [];
  for (const recorded of history) {
    const event = readEvent(recorded, codec);
    state = after(state, event);
    if (event !== undefined && event !== 'unreadable') {
      read.push({ event, at: recorded.createdAt, position: recorded.position });
    }
  }
  return waiting(state, read, options);
}
