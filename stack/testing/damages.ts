/** Each kind of damage that an audit names, book by book. */
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Message } from '../../shared/eventstore/message.ts';
import { background } from '../../shared/kit/context.ts';
import type { DamagedStack, Kind } from './damaged-stack.ts';

/** One kind of damage. */
export interface Damage {
  readonly what: string;
  readonly plant: (stack: DamagedStack) => Promise<unknown>;
  /** What the audit says, each as `book: message`; each of these, and nothing else. */
  readonly says: readonly RegExp[];
  /** What it may say besides. */
  readonly may?: readonly RegExp[];
  /** Default `wrong`. */
  readonly comesTo?: 'wrong' | 'waiting' | 'unreachable';
  /** Default 30 s. */
  readonly graceMs?: number;
  /** `ordersctl audit --repair` puts it right; else `undo` does. */
  readonly repaired?: true;
  readonly undo?: (stack: DamagedStack) => Promise<unknown>;
}

const ctx = background();
const disputed = '; log and stream disagree about this order';

// The read model: each column of a row, its rows, its records.

const column = (
  name: string,
  kind: Kind,
  change: Record<string, unknown>,
  says: RegExp,
): Damage => ({
  what: `read model: another ${name}`,
  plant: ({ ordersdb: sql, orders }) =>
    sql`update orders set ${sql(change as never)} where order_id = ${orders[kind]}`,
  says: [says],
  repaired: true,
});

const readModel: readonly Damage[] = [
  column(
    'status',
    'approved',
    { status: 'Paid' },
    /^read model: order \S+ has the status Paid, the log Approved$/,
  ),
  column(
    'payment',
    'approved',
    { payment: 'failed' },
    /^read model: order \S+ has the payment failed, the log debited$/,
  ),
  column(
    'amount',
    'declined',
    { amount_minor: 1 },
    /^read model: order \S+ has the amountMinor 1, the log 2470$/,
  ),
  column(
    'customer',
    'approved',
    { customer_id: 'eve' },
    /^read model: order \S+ has the customerId eve, the log customer-\S+$/,
  ),
  column(
    'restaurant',
    'approved',
    { restaurant_id: 'roma' },
    /^read model: order \S+ has the restaurantId roma, the log trattoria$/,
  ),
  column(
    'list of items',
    'approved',
    { items: '[]' },
    /^read model: order \S+ has other items than the log$/,
  ),
  column(
    'time of placing',
    'approved',
    { created_on: 'once' },
    /^read model: order \S+ has the createdOn once, the log \S+$/,
  ),
  column(
    'reason',
    'declined',
    { reason: 'none' },
    /^read model: order \S+ has the reason none, the log the customer has no credit$/,
  ),
  column(
    'version',
    'approved',
    { version: 99 },
    /^read model: order \S+ has the version 99, the log 3$/,
  ),
  column(
    'position',
    'approved',
    { position: 1 },
    /^read model: order \S+ has the position 1, the log \d+$/,
  ),
  column(
    'first time',
    'approved',
    { created_at: new Date(0) },
    /^read model: order \S+ has the createdAt 1970\S+, the log 20\S+$/,
  ),
  column(
    'last time',
    'approved',
    { updated_at: new Date(0) },
    /^read model: order \S+ has the updatedAt 1970\S+, the log 20\S+$/,
  ),
  column(
    'version, of before the last event',
    'declined',
    { version: 1, status: 'Pending' },
    /^read model: order \S+ stands at version 1, version 2 is at position \d+$/,
  ),
  {
    what: 'read model: a row is gone',
    plant: ({ ordersdb, orders }) =>
      ordersdb`delete from orders where order_id = ${orders.declined}`,
    says: [/^read model: order \S+ has no row, its events begin at position \d+$/],
    repaired: true,
  },
  {
    what: 'read model: a row of no order',
    plant: ({ ordersdb, orders }) => ordersdb`
      insert into orders
      select 'nobody', customer_id, restaurant_id, status, payment, amount_minor, items,
             created_on, reason, version, position, created_at, updated_at
      from orders where order_id = ${orders.approved}`,
    says: [/^read model: order nobody has a row, the log has no such order$/],
    repaired: true,
  },
  {
    what: 'read model: a record of an event that can be read',
    plant: ({ ordersdb, orders }) => ordersdb`
      insert into projection_failures (name, position, event_id, event_type, order_id, reason)
      values ('query-model', 1, 'e', 'ORDERS.created', ${orders.approved}, 'spoilt')`,
    says: [/^read model: its record of the unreadable event at 1 has no such event in the log$/],
    repaired: true,
  },
  {
    what: 'read model: a row from beyond the end of the log',
    plant: ({ ordersdb, orders }) => ordersdb`
      insert into orders
      select 'lost', customer_id, restaurant_id, status, payment, amount_minor, items,
             created_on, reason, version, 9999, created_at, updated_at
      from orders where order_id = ${orders.approved}`,
    says: [/^read model: order lost has a row of position 9999, the log ends at \d+$/],
    undo: ({ restore }) => restore('ordersdb', 'orders'),
  },
];

// The ledger is never repaired.

const line = (what: string, kind: Kind, change: Record<string, unknown>, says: RegExp): Damage => ({
  what: `ledger: ${what}`,
  plant: ({ paymentsdb: sql, orders }) =>
    sql`update ledger set ${sql(change as never)} where order_id = ${orders[kind]}`,
  says: [says],
  undo: ({ restore }) => restore('paymentsdb', 'ledger'),
});

const ledger: readonly Damage[] = [
  line(
    'another payment',
    'approved',
    { payment_id: 'p-1' },
    /^ledger: order \S+ has the payment p-1, the log \S+$/,
  ),
  line(
    'another idempotency key',
    'approved',
    { idempotency_key: 'k-1' },
    /^ledger: order \S+ has the idempotency key k-1, the log makes \S+$/,
  ),
  line(
    'another key of a tombstone',
    'tombstone',
    { idempotency_key: 'k-2' },
    /^ledger: order \S+ has the idempotency key k-2, the log makes \S+$/,
  ),
  line(
    'another void key',
    'cancelled',
    { void_key: 'k-3' },
    /^ledger: order \S+ has the void key k-3, the log makes \S+$/,
  ),
  line(
    'another customer',
    'approved',
    { customer_id: 'eve' },
    /^ledger: order \S+ names the customer eve, the order customer-\S+$/,
  ),
  line(
    'another amount',
    'approved',
    { amount_minor: 2471 },
    /^ledger: order \S+ says 2471, the order costs 2470 \(minor units\)$/,
  ),
  line(
    'an amount without a debit',
    'tombstone',
    { amount_minor: 5 },
    /^ledger: order \S+ says declined 5 on a line without a debit$/,
  ),
  line(
    'a debit that was declined',
    'approved',
    { outcome: 'declined' },
    /^ledger: order \S+ says debit declined, the log tells of a debit$/,
  ),
  line(
    'a declined debit that was taken',
    'declined',
    { outcome: 'debited' },
    /^ledger: order \S+ says debited, the log says the payment failed$/,
  ),
  line(
    'an outcome that there is not',
    'declined',
    { outcome: 'lent' },
    /^ledger: order \S+ says lent$/,
  ),
  line(
    'money given back that the log keeps',
    'approved',
    { voided_at: new Date() },
    /^ledger: order \S+ is voided, the log says debited and asks for no void$/,
  ),
  line(
    'money kept that the log gave back',
    'cancelled',
    { voided_at: null },
    /^ledger: order \S+ is not voided, the log says it is$/,
  ),
  {
    what: 'ledger: a line is gone',
    plant: ({ paymentsdb, orders }) =>
      paymentsdb`delete from ledger where order_id = ${orders.approved}`,
    says: [/^ledger: order \S+ has no line, the log says debited$/],
    undo: ({ restore }) => restore('paymentsdb', 'ledger'),
  },
  {
    what: 'ledger: a line of no order',
    plant: ({ paymentsdb }) => paymentsdb`
      insert into ledger
        (idempotency_key, order_id, customer_id, kind, amount_minor, outcome, payment_id, reason)
      values ('k', 'nobody', 'ann', 'debit', 5, 'debited', 'p', '')`,
    says: [/^ledger: order nobody has a line, the log has no such order$/],
    undo: ({ restore }) => restore('paymentsdb', 'ledger'),
  },
];

// Deadlines.

const moved = (what: string, by: string, says: RegExp): Damage => ({
  what: `deadlines: ${what}`,
  plant: ({ sagadb, orders }) => sagadb`
    update deadlines set due_at = due_at + ${by}::interval where order_id = ${orders.pending}`,
  says: [says],
  repaired: true,
});

const gone = (kind: 'pending' | 'paid', says: RegExp): Damage => ({
  what: `deadlines: that of an order that is ${kind} is gone`,
  plant: ({ sagadb, orders }) => sagadb`delete from deadlines where order_id = ${orders[kind]}`,
  says: [says],
  repaired: true,
});

const deadlines: readonly Damage[] = [
  gone('pending', /^deadlines: order \S+ has no payment deadline, the log has it due 20\S+$/),
  gone('paid', /^deadlines: order \S+ has no review deadline, the log has it due 20\S+$/),
  moved(
    'one is due too early',
    '-1 minute',
    /^deadlines: order \S+ has its payment deadline at 20\S+, the log at 20\S+$/,
  ),
  moved(
    'one is due too late',
    '1 hour',
    /^deadlines: order \S+ has its payment deadline at 20\S+, the log at 20\S+$/,
  ),
  {
    what: 'deadlines: another ceiling',
    plant: ({ sagadb, orders }) => sagadb`
      update deadlines set ceiling_at = ceiling_at + interval '1 day'
      where order_id = ${orders.pending}`,
    says: [
      /^deadlines: order \S+ has the ceiling of its payment deadline at 20\S+, the log at 20\S+$/,
    ],
    repaired: true,
  },
  {
    what: 'deadlines: one that counts from another place',
    plant: ({ sagadb, orders }) =>
      sagadb`update deadlines set position = 0 where order_id = ${orders.pending}`,
    says: [
      /^deadlines: order \S+ has its payment deadline count from position 0, the log from \d+$/,
    ],
    repaired: true,
  },
  {
    what: 'deadlines: one that another event began',
    plant: ({ sagadb, orders }) =>
      sagadb`update deadlines set caused_by = 'e-1' where order_id = ${orders.paid}`,
    says: [/^deadlines: order \S+ has a review deadline of the event e-1, the log of \S+$/],
    repaired: true,
  },
  {
    what: 'deadlines: one left over for an order that ended',
    plant: ({ sagadb, orders }) => sagadb`
      insert into deadlines (order_id, kind, due_at, traceparent, correlation_id, caused_by)
      values (${orders.approved}, 'review', now() + interval '1 hour', '', '', '')`,
    says: [/^deadlines: order \S+ has a review deadline of 20\S+ and waits for none$/],
    repaired: true,
  },
  {
    what: 'deadlines: one for an order that there is not',
    plant: ({ sagadb }) => sagadb`
      insert into deadlines (order_id, kind, due_at, traceparent, correlation_id, caused_by)
      values ('nobody', 'payment', now() + interval '1 hour', '', '', '')`,
    says: [/^deadlines: order nobody has a payment deadline of 20\S+ and waits for none$/],
    repaired: true,
  },
];

// Checkpoints.

const checkpoints: readonly Damage[] = [
  {
    what: "checkpoints: a worker's is ahead of the log",
    plant: ({ eventsdb }) => eventsdb`
      update checkpoints set position = position + 1000, delivered = delivered + 1000
      where consumer = 'payment-worker'`,
    says: [/^checkpoints: payment-worker is at \d+, ahead of the log at \d+$/],
    repaired: true,
  },
  {
    what: "checkpoints: a worker's is of another event",
    plant: ({ eventsdb }) =>
      eventsdb`update checkpoints set event_id = 'e-1' where consumer = 'review-worker'`,
    says: [/^checkpoints: review-worker is at \d+, event e-1; the log has \S+ there$/],
    repaired: true,
  },
  {
    what: 'checkpoints: a worker was given more than the log has',
    plant: ({ eventsdb }) =>
      eventsdb`update checkpoints set delivered = 5000 where consumer = 'saga-coordinator'`,
    says: [
      /^checkpoints: saga-coordinator is at \d+ and was given up to 5000, ahead of the log at \d+$/,
    ],
    repaired: true,
  },
  {
    what: "checkpoints: the projection's is ahead of the log",
    plant: ({ ordersdb }) => ordersdb`
      update projection_checkpoint set position = position + 1000 where name = 'query-model'`,
    says: [/^checkpoints: query-model is at \d+, ahead of the log at \d+$/],
    repaired: true,
  },
  {
    what: "checkpoints: the projection's is gone",
    plant: ({ ordersdb }) => ordersdb`delete from projection_checkpoint where name = 'query-model'`,
    says: [/^checkpoints: the read model has none, so its projection is stuck$/],
    undo: ({ restore }) => restore('ordersdb', 'projection_checkpoint'),
  },
];

// Dead letters.

const letter = (stack: DamagedStack, eventId: string) =>
  stack.store.park(ctx, {
    consumer: 'review-worker',
    position: 1n,
    eventId,
    reason: 'unexpected_event',
    lastError: '',
    deliveries: 1,
    traceparent: '',
  });
const noLetters = ({ restore }: DamagedStack) => restore('eventsdb', 'dead_letters');

const deadLetters: readonly Damage[] = [
  {
    what: 'dead letters: one is parked',
    plant: async (stack) => letter(stack, (await eventOf(stack, 1n)).eventId),
    says: [
      /^dead letters: the letter of review-worker at position 1 \(event \S+\) waits for a person since 20\S+: unexpected_event$/,
    ],
    comesTo: 'waiting',
    undo: noLetters,
  },
  {
    what: 'dead letters: one is never replayed',
    plant: async (stack) => {
      await letter(stack, (await eventOf(stack, 1n)).eventId);
      await stack.eventsdb`
        update dead_letters
        set replay_requested_at = now() - interval '1 hour', replay_takes = 1,
            replay_leased_until = now() + interval '1 hour'`;
    },
    says: [
      /^dead letters: the letter of review-worker at position 1 \(event \S+\) waits for its replay since 20\S+$/,
    ],
    comesTo: 'waiting',
    undo: noLetters,
  },
  {
    what: 'dead letters: one is of another log',
    plant: (stack) => letter(stack, 'e-1'),
    says: [
      /^dead letters: the letter of review-worker at position 1 is of the event e-1, the log has \S+ there$/,
      /^dead letters: the letter of review-worker at position 1 \(event e-1\) waits for a person/,
    ],
    undo: noLetters,
  },
];

// The stream: what it holds otherwise than the log, and what no log can have made.

const message = (
  what: string,
  change: (message: Message) => Message | undefined,
  says: RegExp,
  fate: Pick<Damage, 'repaired'> = {},
): Damage => ({
  what: `stream: ${what}`,
  plant: ({ republish, orders }) =>
    republish((one, event) =>
      event.aggregateId === orders.approved && event.version === 2n ? (change(one) ?? one) : one,
    ),
  says: [says],
  ...(fate.repaired ? fate : { undo: ({ resetStream }) => resetStream() }),
});

/** The message with this header, and without it where the value is empty. */
const header = (name: string, value: string) => (one: Message) => {
  if (value === '') one.headers.delete(name);
  else one.headers.set(name, value);
  return undefined;
};
const data = (text: string) => (one: Message) => ({
  ...one,
  payload: new TextEncoder().encode(text),
});
const repaired = { repaired: true } as const;

const stream: readonly Damage[] = [
  message(
    'other data',
    data('{"OrderID":"x"}'),
    /^stream: message \d+ carries other data than the log: \{"OrderID":"x"\}$/,
  ),
  message(
    'another correlation',
    header('ce-correlationid', 'c-1'),
    /^stream: message \d+ has the ce-correlationid c-1, the log \S+$/,
  ),
  message(
    'no causation',
    header('ce-causationid', ''),
    /^stream: message \d+ has the ce-causationid that is empty, the log \S+$/,
  ),
  message(
    'another trace',
    header('traceparent', `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`),
    /^stream: message \d+ has the traceparent 00-1+-2+-01, the log \S+$/,
  ),
  message(
    'another time',
    header('ce-time', '2020-01-01T00:00:00.000Z'),
    /^stream: message \d+ has the ce-time 2020\S+, the log 20\S+$/,
  ),
  message(
    'another version',
    header('ce-version', '7'),
    /^stream: message \d+ has the ce-version 7, the log 2$/,
  ),
  message(
    'another order',
    header('ce-subject', 'o-1'),
    /^stream: message \d+ has the ce-subject o-1, the log \S+$/,
  ),
  message(
    'another aggregate',
    header('ce-aggregatetype', 'table'),
    /^stream: message \d+ has the ce-aggregatetype table, the log order$/,
  ),
  message(
    'another event',
    (one) => {
      header('Nats-Msg-Id', 'e-1')(one);
      return header('ce-id', 'e-1')(one);
    },
    /^stream: message \d+ has the Nats-Msg-Id e-1, the log \S+$/,
  ),
  message(
    'an id that contradicts itself',
    header('Nats-Msg-Id', 'e-1'),
    /^stream: message \d+ contradicts itself: its Nats-Msg-Id is e-1, its ce-id \S+$/,
    repaired,
  ),
  message(
    'another position',
    header('ce-position', '77'),
    /^stream: message \d+ contradicts itself: its ce-position is 77, its sequence \d+$/,
    repaired,
  ),
  message(
    'another type',
    header('ce-type', 'ORDERS.gone'),
    /^stream: message \d+ contradicts itself: its ce-type is ORDERS.gone, its subject \S+$/,
    repaired,
  ),
  message(
    'a foreign header',
    header('x-eve', '1'),
    /^stream: message \d+ has a header that the event store never writes: x-eve$/,
    repaired,
  ),
  message(
    'a foreign message',
    header('ce-id', ''),
    /^stream: message \d+ is not of the event store: it has no ce-id$/,
    repaired,
  ),
  {
    what: 'stream: a message beyond the end of the log',
    plant: ({ nats }) => nats.jetstream().publish('ORDERS.created', '{}'),
    says: [/^stream: it is at \d+, ahead of the log at \d+$/],
    undo: ({ resetStream }) => resetStream(),
  },
];

// The log is never repaired. Whatever rests on a changed row is not called wrong.

const event = (
  what: string,
  kind: Kind,
  version: number,
  change: string,
  says: readonly RegExp[],
  may: readonly RegExp[] = [],
): Damage => ({
  what: `log: ${what}`,
  plant: ({ eventsdb, orders }) =>
    eventsdb.unsafe(
      `update events set ${change} where aggregate_id = '${orders[kind]}' and version = ${version}`,
    ),
  says,
  may,
  undo: ({ restore }) => restore('eventsdb', 'events'),
});
const about = (start: string) => new RegExp(`^${start}.*${disputed}$`);

const log: readonly Damage[] = [
  event(
    'another amount',
    'approved',
    1,
    `event_data = replace(event_data, '"amount":24.7', '"amount":24.8')`,
    [
      /^stream: message \d+ carries other data than the log: /,
      about('money: order \\S+: it costs 2480, its items 2470'),
      about('money: order \\S+: it costs 2480, 2470 was debited'),
      about('read model: order \\S+ has the amountMinor 2470, the log 2480'),
      about('ledger: order \\S+ says 2470, the order costs 2480'),
    ],
  ),
  event(
    'another correlation',
    'approved',
    2,
    `metadata = jsonb_set(metadata, '{correlation_id}', '"c-1"')`,
    [/^stream: message \d+ has the ce-correlationid \S+, the log c-1$/],
  ),
  event('another causation', 'approved', 2, `metadata = metadata - 'causation_id'`, [
    /^stream: message \d+ has the ce-causationid \S+, the log none$/,
  ]),
  event('another time', 'approved', 3, `created_at = created_at + interval '1 hour'`, [
    /^stream: message \d+ has the ce-time \S+, the log \S+$/,
    about('read model: order \\S+ has the updatedAt'),
  ]),
  event(
    'another event id',
    'approved',
    3,
    `event_id = 'e-1'`,
    [/^stream: message \d+ has the Nats-Msg-Id \S+, the log e-1$/],
    [about('checkpoints: \\S+ is at \\d+, event \\S+ the log has e-1 there')],
  ),
  event('an event of another aggregate', 'approved', 3, `aggregate_type = 'table'`, [
    /^stream: message \d+ has the ce-aggregatetype order, the log table$/,
    /^log: table \S+: version 3 follows version 0$/,
    about('read model: order \\S+ has the version 3, the log 2'),
    about('deadlines: order \\S+ has no review deadline'),
  ]),
  event('a hole in the versions', 'approved', 3, 'version = 4', [
    /^log: order \S+: version 4 follows version 2$/,
    /^stream: message \d+ has the ce-version 3, the log 4$/,
    about('read model: order \\S+ stands at version 3, version 4 is at position'),
  ]),
  event(
    'an event that began an order cannot be read, which answers 500',
    'declined',
    1,
    `event_data = '{}'`,
    [
      /^log: order \S+: its ORDERS.created, version 1 at position \d+, cannot be read; over HTTP the order answers 500$/,
      /^stream: message \d+ carries other data than the log: /,
      about('read model: order \\S+ has the '),
      about('read model: its record of the unreadable event at \\d+ is missing'),
      about('ledger: order \\S+ has a line, the log has no such order'),
    ],
  ),
  {
    what: 'log: an event is gone from its middle',
    plant: ({ eventsdb, orders }) =>
      eventsdb`delete from events where aggregate_id = ${orders.approved} and version = 2`,
    says: [
      /^log: position \d+ follows position \d+$/,
      /^log: order \S+: version 3 follows version 1$/,
      /^stream: message \d+ is ORDERS.paymentdebited of order \S+, the log has no event there$/,
      about('read model: order \\S+ has the payment debited, the log none'),
    ],
    may: [/^checkpoints: review-worker is at \d+, where the log has no event$/],
    undo: ({ restore }) => restore('eventsdb', 'events'),
  },
  {
    what: 'log: its head is ahead of its events',
    plant: ({ eventsdb }) => eventsdb`update log_head set position = position + 5`,
    says: [/^log: it ends at \d+, its head says \d+$/],
    undo: ({ restore }) => restore('eventsdb', 'log_head'),
  },
  {
    what: 'log: it was restored to before its last event',
    plant: ({ eventsdb: sql }) =>
      sql.begin(async (tx) => {
        await tx`delete from events where position = (select max(position) from events)`;
        await tx`update log_head set position = position - 1`;
      }),
    says: [
      /^stream: it is at \d+, ahead of the log at \d+$/,
      /^checkpoints: query-model is at \d+, ahead of the log at \d+$/,
    ],
    may: [
      /^checkpoints: \S+ is at \d+, ahead of the log at \d+$/,
      /^checkpoints: \S+ is at \d+ and was given up to \d+, ahead of the log at \d+$/,
      about('read model: order \\S+ '),
      about('ledger: order \\S+ '),
      about('deadlines: order \\S+ '),
      /^orders: order \S+ is \w+ and waits for /,
    ],
    undo: ({ restore }) => restore('eventsdb', 'events', 'log_head', 'checkpoints'),
  },
];

// Orders, and books that cannot be read.

const away = (
  book: string,
  database: 'ordersdb' | 'paymentsdb' | 'sagadb',
  table: string,
): Damage => ({
  what: `${book}: it cannot be read`,
  plant: ({ [database]: sql }) => sql`alter table ${sql(table)} rename to away`,
  says: [new RegExp(`^${book}: The database is not available\\.$`)],
  comesTo: 'unreachable',
  undo: ({ [database]: sql }) => sql`alter table away rename to ${sql(table)}`,
});

const others: readonly Damage[] = [
  {
    what: 'orders: some wait beyond their time',
    plant: async () => undefined,
    graceMs: -600_000,
    says: [
      /^orders: order \S+ is Pending and waits for its payment since 20\S+$/,
      /^orders: order \S+ is Paid and waits for its review since 20\S+$/,
    ],
    comesTo: 'waiting',
  },
  away('read model', 'ordersdb', 'orders'),
  away('ledger', 'paymentsdb', 'ledger'),
  away('deadlines', 'sagadb', 'deadlines'),
];

export const damages: readonly Damage[] = [
  ...readModel,
  ...ledger,
  ...deadlines,
  ...checkpoints,
  ...deadLetters,
  ...others,
  ...stream,
  ...log,
];

async function eventOf({ store }: DamagedStack, position: bigint): Promise<RecordedEvent> {
  const [found] = (await store.read(ctx, { afterPosition: position - 1n, limit: 1 })).events;
  if (found === undefined) throw new Error(`the log has no event at ${position}`);
  return found;
}
