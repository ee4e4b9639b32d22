/**
 * What the console shows and does. It has nothing of its own: orders come from ordersvc, in
 * the caller's name, everything else from the event store, from the admin ports and from the
 * operator's tool.
 */
import type {
  Audit,
  CloseRequest,
  DeadlineList,
  Decided,
  LetterDetail,
  LetterGroups,
  LetterName,
  LettersDone,
  LiveEvents,
  OrderDetail,
  OrderList,
  ReplayRequest,
  Session,
} from '../../shared/contracts/console.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { people, RESTAURANT_CLAIM } from '../../shared/contracts/rights/http-rights.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { withTimeLeft } from '../../shared/kit/context.ts';
import { CodedError, isKind } from '../../shared/kit/errors.ts';
import type { Principal } from '../../shared/kit/principal.ts';
import type { Currency } from '../../shared/money/currency.ts';
import type { Delivered, Waits } from '../../shared/story/order-waiting.ts';
import type { AuditDesk } from './audits/audit-desk.ts';
import type { LetterDesk, LetterQuery } from './letters/letter-desk.ts';
import { troubleOf } from './live/consumers-view.ts';
import type { DeadlinesOf } from './live/deadlines-client.ts';
import type { Asks } from './live/live-readers.ts';
import type { PartsWatch } from './live/parts-watch.ts';
import type { Caller, Sees } from './orders/asker.ts';
import { listedRow, type RowRules } from './orders/console-rows.ts';
import { detailOf } from './orders/order-detail.ts';
import type { Decision, OrdersClient } from './orders/ordersvc-client.ts';

/** A list of orders: ordersvc's own parameters. */
export interface ListRequest {
  readonly caller: Caller;
  readonly query: URLSearchParams;
}

/** One order. `all`: the caller sees letters and traces, too. */
export interface OrderRequest {
  readonly caller: Caller;
  readonly orderId: string;
  readonly sees: Sees;
}

/** A decision about one. */
export interface DecisionRequest {
  readonly caller: Caller;
  readonly orderId: string;
  readonly reason: string | undefined;
}

/** What a caller sees of what happens. */
export interface LiveRequest {
  readonly sees: Sees;
}

/** A caller who may read what happens, and what comes first. */
export interface LiveAnswer extends Asks {
  readonly hello: () => LiveEvents['hello'];
}

/** Each method is an endpoint. */
export interface ConsoleService {
  /** Who the caller is, and how the console is set up. */
  session(ctx: Context, request: Record<string, never>): Promise<Session>;
  /** Rejects as OrdersClient; so do the next ones. */
  orders(ctx: Context, request: ListRequest): Promise<OrderList>;
  /** Rejects with `not_found` (code `order_not_found`). An operator sees it while ordersvc is away. */
  order(ctx: Context, request: OrderRequest): Promise<OrderDetail>;
  cancel(ctx: Context, request: DecisionRequest): Promise<Decided>;
  approve(ctx: Context, request: DecisionRequest): Promise<Decided>;
  reject(ctx: Context, request: DecisionRequest): Promise<Decided>;
  live(ctx: Context, request: LiveRequest): Promise<LiveAnswer>;
  letters(ctx: Context, query: LetterQuery): Promise<LetterGroups>;
  letter(ctx: Context, name: LetterName): Promise<LetterDetail>;
  replay(ctx: Context, request: ReplayRequest): Promise<LettersDone>;
  close(ctx: Context, request: CloseRequest): Promise<LettersDone>;
  deadlines(ctx: Context, request: { readonly limit: number }): Promise<DeadlineList>;
  startAudit(ctx: Context, request: Record<string, never>): Promise<Audit>;
  audit(ctx: Context, request: Record<string, never>): Promise<Audit>;
  repairAudit(ctx: Context, request: Record<string, never>): Promise<Audit>;
}

export interface ConsoleServiceOptions {
  readonly store: Pick<EventStore, 'readAggregate' | 'deadLetters' | 'getCheckpoint'>;
  readonly client: OrdersClient;
  readonly letters: LetterDesk;
  readonly deadlines: DeadlinesOf;
  readonly audits: AuditDesk;
  readonly parts: Pick<PartsWatch, 'part'>;
  /** What a reader of the feed is told first. */
  readonly hello: () => LiveEvents['hello'];
  readonly codec: OrderEventCodec;
  readonly currency: Currency;
  readonly waits: Waits;
  readonly strict: boolean;
  /** Where traces are shown, without a slash at its end; undefined: nowhere. */
  readonly zipkinUrl: string | undefined;
  /** Milliseconds since the epoch, by which orders are overdue. */
  readonly now: () => number;
}

/** For what a detail can do without. */
const ASIDE_MS = 1_500;
const MAX_LETTERS = 100;
/** So long a feed goes on, in milliseconds: then its reader shows again who it is. */
const FEED_MS = { least: 1_000, most: 600_000 };

export function createConsoleService(options: ConsoleServiceOptions): ConsoleService {
  const { store, client, codec, currency, waits, now } = options;
  const patience = { paymentMs: waits.paymentMs, reviewMs: waits.reviewMs };
  const rules = (): RowRules => ({ decimals: currency.decimals, patience, nowMs: now() });

  const decide =
    (decision: Decision) =>
    async (ctx: Context, { caller, orderId, reason }: DecisionRequest): Promise<Decided> => {
      const order = await client.decide(ctx, { orderId, decision, reason }, caller);
      // Its last event is the decision, which was just now.
      const decided = { ...order, changed_at: new Date(now()).toISOString() };
      return { order: listedRow(decided, rules()) };
    };

  /** The order's events as the caller may see them. */
  async function eventsOf(ctx: Context, { caller, orderId, sees }: OrderRequest) {
    try {
      return (await client.events(ctx, orderId, caller)).events;
    } catch (error) {
      // The log has them, too, and an operator looks at orders just when something is away.
      if (!sees.any || !isKind(error, 'unavailable', 'timeout')) throw error;
      const events = await store.readAggregate(ctx, {
        aggregateType: 'order',
        aggregateId: orderId,
      });
      return events.map((event) => ({
        event_id: event.eventId,
        event_type: event.eventType,
        version: Number(event.version),
        position: Number(event.position),
        created_at: event.createdAt.toISOString(),
        data: event.data === '' ? null : JSON.parse(event.data),
        metadata: event.metadata,
      }));
    }
  }

  /** Its letters and how far the consumers are: without them the story tells less. */
  async function aside(ctx: Context, eventIds: readonly string[]) {
    const brief = withTimeLeft(ctx, ASIDE_MS);
    const [letters, payment, review] = await Promise.allSettled([
      store.deadLetters(brief, { eventIds: eventIds.slice(0, 1_000), limit: MAX_LETTERS }),
      store.getCheckpoint(brief, durables.payment),
      store.getCheckpoint(brief, durables.review),
    ]);
    const delivered: Delivered | undefined =
      payment.status === 'fulfilled' && review.status === 'fulfilled'
        ? { payment: payment.value.delivered, review: review.value.delivered }
        : undefined;
    return { letters: letters.status === 'fulfilled' ? letters.value : [], delivered };
  }

  return {
    session: async ({ principal }) => {
      const known = principal?.kind === 'known' ? principal : undefined;
      const roles = known
        ? people.filter((role) => known.roles.includes(role))
        : (['operator'] as const);
      const claimed = known?.claims[RESTAURANT_CLAIM];
      const restaurantId = typeof claimed === 'string' ? claimed : known?.subject;
      const ofRestaurant =
        roles.some((role) => role === 'restaurant') && !roles.some((role) => role === 'operator');
      return {
        mode: options.strict ? 'strict' : 'local',
        roles,
        ...(known?.subject !== undefined && { subject: known.subject }),
        ...(ofRestaurant && restaurantId !== undefined && { restaurant_id: restaurantId }),
        currency: { code: currency.code, decimals: currency.decimals },
        ...(options.zipkinUrl !== undefined && {
          trace_url: `${options.zipkinUrl}/zipkin/traces/{trace_id}`,
        }),
        deadlines: { payment_ms: waits.paymentMs, review_ms: waits.reviewMs },
        audits: options.audits.able,
      };
    },

    async orders(ctx, { caller, query }) {
      const status = query.get('status');
      // A list is the newest ones; those that waited too long are the most urgent.
      const mayWait = status === null || status === 'Pending' || status === 'Paid';
      const first = mayWait && !query.has('cursor') && !query.has('overdue');
      const late = new URLSearchParams([...query, ['overdue', 'true']]);
      const [page, overdue] = await Promise.all([
        client.list(ctx, query, caller),
        first ? client.list(ctx, late, caller) : undefined,
      ]);
      const ahead = overdue?.orders ?? [];
      const ids = new Set(ahead.map(({ order_id }) => order_id));
      const listed = [...ahead, ...page.orders.filter(({ order_id }) => !ids.has(order_id))];
      return {
        rows: listed.map((order) => listedRow(order, rules())),
        ...(page.next_cursor !== undefined && { next_cursor: page.next_cursor }),
        position: page.position,
      };
    },

    async order(ctx, request) {
      const events = await eventsOf(ctx, request);
      const { any } = request.sees;
      const { letters, delivered } = await aside(
        ctx,
        events.map(({ event_id }) => event_id),
      );
      const detail = detailOf(request.orderId, events, {
        ...rules(),
        codec,
        waits,
        letters,
        delivered,
        all: any,
        troubleOf: (consumer) => (any ? troubleOf(consumer, options.parts.part) : []),
      });
      if (detail !== undefined) return detail;
      throw new CodedError('not_found', 'order_not_found', `There is no order ${request.orderId}.`);
    },

    cancel: decide('cancel'),
    approve: decide('approve'),
    reject: decide('reject'),
    live: async ({ principal }, { sees }) => ({
      sees,
      share: principal?.share ?? '',
      lifeMs: feedLifeMs(principal, now()),
      hello: options.hello,
    }),
    letters: (ctx, query) => options.letters.groups(ctx, query),
    letter: (ctx, name) => options.letters.letter(ctx, name),
    replay: (ctx, request) => options.letters.replay(ctx, request),
    close: (ctx, request) => options.letters.close(ctx, request),
    deadlines: (ctx, { limit }) => options.deadlines(ctx, limit),
    startAudit: async () => options.audits.begin(false),
    audit: async () => options.audits.latest(),
    repairAudit: async () => options.audits.begin(true),
  };
}

/** A feed ends with the token that it was asked for by. */
function feedLifeMs(principal: Principal | undefined, nowMs: number): number {
  const exp = principal?.claims.exp;
  const leftMs = typeof exp === 'number' ? exp * 1_000 - nowMs : FEED_MS.most;
  // An expired token counts a little longer: its reader would come again and again.
  return Math.min(FEED_MS.most, Math.max(FEED_MS.least, leftMs));
}
