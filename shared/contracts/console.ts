/**
 * What goes between the console's page and its server, in snake case. Times are ISO 8601,
 * amounts decimal texts in major units of the session's currency, durations milliseconds if
 * their name says so. Refusals are problem documents (RFC 9457), those of ordersvc passed on.
 */

/** What a caller may be: the roles of its token, or `operator` for people of this machine. */
export type Role = 'customer' | 'restaurant' | 'operator';

/** 200 of `GET /api/session`. Without a token, a strict console answers 401. */
export interface Session {
  /** `local`: nobody is asked who they are. `strict`: each request shows a token. */
  readonly mode: 'local' | 'strict';
  readonly roles: readonly Role[];
  readonly subject?: string;
  /** The restaurant whose orders the caller may see, if not all. */
  readonly restaurant_id?: string;
  readonly currency: { readonly code: string; readonly decimals: number };
  /** Where traces are shown: `{trace_id}` stands for the trace's id. Absent: nowhere. */
  readonly trace_url?: string;
  /** How long orders may wait, by the settings of the console. */
  readonly deadlines: { readonly payment_ms: number; readonly review_ms: number };
  /** Whether this console can run audits. */
  readonly audits: boolean;
}

export type Status = 'Pending' | 'Paid' | 'Approved' | 'PaymentFailed' | 'Rejected' | 'Cancelled';

/** An order in a list. */
export interface OrderRow {
  readonly order_id: string;
  /** Absent in live rows if the log has it sealed. */
  readonly customer_id?: string;
  readonly restaurant_id: string;
  readonly amount: string;
  /** Others may be added: treat an unknown one as not ended. */
  readonly status: Status | string;
  /** none, debited, failed, void_requested or voided. */
  readonly payment_status: string;
  readonly reason?: string;
  readonly version: number;
  readonly created_at: string;
  /** When its last event was appended. */
  readonly changed_at: string;
  /** Whose turn it is; absent if it waits for nobody. */
  readonly waits_for?: 'payment' | 'restaurant' | 'refund';
  /** When the wait ends, by the console's settings; absent: no end. */
  readonly due_at?: string;
  /** `due_at` has passed. */
  readonly overdue?: true;
}

/**
 * 200 of `GET /api/orders`, with `status` (`open`: Pending or Paid), `customer_id`,
 * `restaurant_id`, `min_amount`, `max_amount`, `older_than` (seconds), `overdue=true`,
 * `limit` (1 to 100) and `cursor`: the newest first; the first page begins with what is
 * overdue, if no status and no cursor is given. Without any filter: all orders that the
 * caller may see.
 */
export interface OrderList {
  readonly rows: readonly OrderRow[];
  /** The `cursor` of the next page; absent on the last one. */
  readonly next_cursor?: string;
  /** The list has everything in the log up to here, and perhaps more. */
  readonly position: number;
}

/** 200 of `GET /api/orders/{id}`. */
export interface OrderDetail {
  readonly order: OrderRow & { readonly items: readonly OrderLine[] };
  /** As `ordersctl explain` tells it. Events and letters only as far as the caller may see them. */
  readonly story: Story;
  /** As stored in the log, oldest first. */
  readonly events: readonly RawEvent[];
}

/** One line of an order. */
export interface OrderLine {
  readonly code: string;
  readonly name: string;
  readonly unit_price: string;
  readonly quantity: number;
}

/** What happened to an order, who it waits for and until when. */
export interface Story {
  readonly steps: readonly Step[];
  /** Absent: it waits for nothing. */
  readonly waiting?: {
    /** Names of the consumers that could answer. */
    readonly consumers: readonly string[];
    /** In words. */
    readonly for: string;
    /** When the wait began. */
    readonly since?: string;
    /** The consumer has not received the event yet. */
    readonly queued?: true;
    readonly until?: string;
    /** In words: what happens then. */
    readonly afterwards: string;
    /** Why it may stand still, in words: the consumer is silent, its circuit is open, the event is parked. Absent: nothing is wrong. */
    readonly trouble?: readonly string[];
  };
  /** How its payment is settled; absent if there is nothing to settle. */
  readonly compensation?: { readonly state: 'due' | 'asked' | 'done'; readonly took_ms?: number };
  /** Messages about it that consumers gave up. Operators only. */
  readonly letters: readonly Letter[];
  readonly trace_ids: readonly string[];
}

/** One event, in words. */
export interface Step {
  readonly event_type: string;
  readonly version: number;
  readonly position: number;
  readonly at: string;
  /** Since the step before. */
  readonly after_ms: number;
  readonly by: string;
  readonly what: string;
}

/** An event as ordersvc shows it. */
export interface RawEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly version: number;
  readonly position: number;
  readonly created_at: string;
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * `POST /api/orders/{id}/cancel` (body `{ reason? }`), `/approve` (no body) and `/reject`
 * (body `{ reason }`): 200 with the order, or ordersvc's own problem document.
 */
export interface Decided {
  readonly order: OrderRow;
}

/** Any refusal. */
export interface ProblemAnswer {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  readonly problems?: readonly { readonly field: string; readonly message: string }[];
}

/**
 * The events of `GET /api/live` (`text/event-stream`; read it by fetch, with the token). Each
 * has its name in `event:` and one line of JSON in `data:`. A comment comes every five
 * seconds when nothing else does. A reader that falls behind is disconnected: connect again.
 */
export interface LiveEvents {
  /** The first. `pipeline` is the last hour, oldest first; operators only. */
  readonly hello: { readonly pipeline: readonly PipelinePoint[]; readonly position: number };
  /** At most four a second, when something changed; one a second while it is more than 50. */
  readonly orders: LiveOrders;
  /** Once a second; operators only. */
  readonly pipeline: Pipeline;
}

/** What changed since the last of its kind. */
export interface LiveOrders {
  /** The newest changes, at most 200, the last change first; of a restaurant its own. */
  readonly rows: readonly OrderRow[];
  /** Orders that changed, shown in `rows` or not. Operators only. */
  readonly changed?: number;
  /** Since the console started. Operators only. */
  readonly accepted?: number;
  readonly completed?: number;
}

/** How everything stands now. */
export interface Pipeline {
  readonly at: string;
  /** Last position of the log. */
  readonly head: number;
  /** What the parts are and how they are, in the order of an order's path. */
  readonly parts: readonly Part[];
  readonly consumers: readonly Consumer[];
  /** Open orders by status. Absent while ordersvc cannot say. */
  readonly open?: Readonly<Record<'Pending' | 'Paid', number>>;
  /** Of these, how many are overdue. */
  readonly overdue?: number;
  readonly letters_parked: number;
  /** Events of the last second, a second. */
  readonly accepted_per_s: number;
  readonly completed_per_s: number;
  /** From an order's first event to its end, of those that ended in the last ten seconds. Absent: nothing ended. */
  readonly journey_ms?: { readonly p50: number; readonly p99: number };
  /** Why the console itself does not see everything, in words. Absent: it does. */
  readonly blind?: readonly string[];
}

/** A process of the stack, asked at its admin port once a second. */
export interface Part {
  readonly name: string;
  readonly state: 'ready' | 'degraded' | 'not ready' | 'silent';
  /** Its own words. */
  readonly reasons: readonly string[];
  /** For how long it has not answered; absent: it answers. */
  readonly silent_s?: number;
}

/** A reader of the log, seen from the log's side. */
export interface Consumer {
  /** payment-worker, review-worker, saga-coordinator, the read model, … */
  readonly name: string;
  /** The part that runs it. */
  readonly part?: string;
  /** It is done with everything up to here. */
  readonly position: number;
  /** Everything up to here was delivered to it. */
  readonly delivered: number;
  /** Events of the log after its position. */
  readonly lag: number;
  /** Age of the oldest of them; 0: it has kept up. */
  readonly lag_s: number;
  /** Delivered and not done. */
  readonly in_flight: number;
  readonly letters_parked: number;
  /** Of its newest parked letter. */
  readonly last_error?: string;
  /** For how long its part has not answered; absent: it answers. */
  readonly silent_s?: number;
}

/** What is kept of each second, for charts. Rates are a second. */
export interface PipelinePoint {
  readonly at: string;
  readonly head: number;
  readonly accepted: number;
  readonly completed: number;
  readonly p50?: number;
  readonly p99?: number;
  readonly open?: number;
  readonly overdue?: number;
  /** By consumer, in events. */
  readonly lag: Readonly<Record<string, number>>;
}

/** A message that a consumer gave up. */
export interface Letter {
  readonly consumer: string;
  readonly position: number;
  readonly event_id: string;
  /** parked, requested (a replay is requested or running), resolved or closed. */
  readonly state: 'parked' | 'requested' | 'resolved' | 'closed';
  /** Code of the last error. */
  readonly reason: string;
  readonly last_error: string;
  readonly deliveries: number;
  readonly replays: number;
  readonly parked_at: string;
  readonly replay_requested_at?: string;
  readonly resolved_at?: string;
  readonly closed_at?: string;
  readonly close_reason?: string;
  readonly trace_id?: string;
}

/**
 * 200 of `GET /api/letters`, with `state` (default `parked`; `all`), `consumer` and `after`
 * (`consumer/position` of a letter): the first 1,000 after that one, the oldest first. Operators only.
 */
export interface LetterGroups {
  /** By consumer and reason; the largest first. */
  readonly groups: readonly {
    readonly consumer: string;
    readonly reason: string;
    readonly count: number;
    /** The newest, at most 100. */
    readonly letters: readonly Letter[];
  }[];
  /** There are more: they come after this one. */
  readonly next?: LetterName;
}

/** 200 of `GET /api/letters/{consumer}/{position}`. */
export interface LetterDetail {
  readonly letter: Letter;
  /** Its event and the order that it is about; absent: not in the log. */
  readonly event?: RawEvent;
  readonly order_id?: string;
  readonly order_status?: string;
}

/**
 * Bodies of `POST /api/letters/replay` and `POST /api/letters/close`, for one or for many:
 * at most 100 at once. With `dry_run` a replay only says what it would do.
 */
export interface ReplayRequest {
  readonly letters: readonly LetterName[];
  readonly dry_run?: boolean;
}
export interface CloseRequest {
  readonly letters: readonly LetterName[];
  readonly reason: string;
}
export interface LetterName {
  readonly consumer: string;
  readonly position: number;
}

/** 200 of both: one for each, in the order asked. */
export interface LettersDone {
  readonly dry_run: boolean;
  readonly results: readonly {
    readonly consumer: string;
    readonly position: number;
    /** `would`: a dry run that would do it. */
    readonly outcome: 'done' | 'would' | 'refused';
    /** Code and words of a refusal. */
    readonly code?: string;
    readonly message?: string;
    /** As it is now. */
    readonly letter?: Letter;
    /** Of a dry run: the order's status now, which says whether a replay would matter. */
    readonly order_id?: string;
    readonly order_status?: string;
  }[];
}

/** 200 of `GET /api/deadlines`, with `limit` (1 to 200; default 50): those due first. Operators only. */
export interface DeadlineList {
  readonly deadlines: readonly {
    readonly order_id: string;
    /** payment, review or void. */
    readonly kind: string;
    readonly due_at: string;
    /** Negative: it is due. */
    readonly due_in_ms: number;
    /** After this it fires even if its worker never received the event. */
    readonly ceiling_at: string;
    /** Firings that failed so far. */
    readonly attempts: number;
  }[];
}

/**
 * 202 of `POST /api/audits` and `POST /api/audits/latest/repair`, and 200 of
 * `GET /api/audits/latest` (404 `audit_not_found` before the first). One runs at a time: 409
 * `audit_running`. Operators only.
 */
export interface Audit {
  readonly state: 'running' | 'done' | 'failed';
  readonly repair: boolean;
  readonly started_at: string;
  readonly ended_at?: string;
  /** While it runs. */
  readonly progress?: { readonly book: string; readonly done: number; readonly of?: number };
  /** Once it is done. */
  readonly result?: AuditResult;
  /** Why it failed, in words. */
  readonly error?: string;
}

/** As `ordersctl audit --json` prints it, and more. */
export interface AuditResult {
  readonly verdict: 'right' | 'waiting' | 'unreachable' | 'wrong';
  readonly log: { readonly head: number; readonly events: number };
  readonly orders: {
    readonly accepted: number;
    readonly ended: number;
    readonly open: number;
    readonly stuck: number;
  };
  readonly discrepancy_count: number;
  readonly discrepancies: readonly Finding[];
  readonly waiting_count: number;
  readonly waiting: readonly Finding[];
  readonly unread: readonly { readonly book: string; readonly message: string }[];
  /** What to do, in words. */
  readonly remedies: readonly string[];
  /** Derived data that can be repaired. */
  readonly repairs: readonly { readonly what: string }[];
  /** Of a repair: what was done. */
  readonly repaired?: readonly { readonly what: string; readonly outcome?: string }[];
}

/** Something that differs, or that waits for a person. */
export interface Finding {
  readonly book: string;
  readonly message: string;
  readonly repairable: boolean;
}
