import assert from 'node:assert/strict';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import postgres from 'postgres';
import { sqlLedger } from '../../services/paymentworker/gateway/ledger.ts';
import type { DebitAnswer } from '../../services/paymentworker/gateway/payment-gateway.ts';
import { debitKey, voidKey } from '../../services/paymentworker/keys.ts';
import { readModelRepair } from '../../services/querymodelworker/rebuild/repair-read-model.ts';
import { createQueryModelService } from '../../services/querymodelworker/service.ts';
import { sqlReadModel } from '../../services/querymodelworker/table/read-model.ts';
import { deadlineRules, ORDER_ID } from '../../services/sagacoordinator/saga/order-deadlines.ts';
import { orderProcess } from '../../services/sagacoordinator/saga/order-process.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import {
  durables,
  ORDER_AGGREGATE,
  ORDERS_STREAM,
  orderAggregate,
} from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { newId } from '../../shared/eventstore/ids.ts';
import { encodeMessage } from '../../shared/eventstore/message.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { minor } from '../../shared/money/money.ts';
import { deadlineSince } from '../../shared/process-manager/deadline-rules.ts';
import { sqlDeadlines } from '../../shared/process-manager/deadlines.ts';
import { rebuildDeadlines } from '../../shared/process-manager/rebuild.ts';
import { type PublishedLog, publishedLog } from '../../shared/testing/published-log.ts';
import { type TestNats, testNats, testPostgres } from '../../stack/testing.ts';
import { type AuditOptions, audit } from './audit.ts';
import { timesOf } from './order-trail.ts';
import { auditedPlaces } from './places.ts';
import { publishedMessages } from './published.ts';
import { type AuditReport, verdictOf } from './report.ts';
import type { AuditSources } from './sources.ts';
import { auditedDeadlines, auditedLedger, auditedReadModel } from './tables.ts';

const ctx = background();
const codec = orderEventCodec(2);
const patience = {
  paymentMs: 60_000,
  reviewMs: 60_000,
  voidMs: 300_000,
  ceilingMs: 3_600_000,
  graceMs: 30_000,
};
const services = join(import.meta.dirname, '../../services');
const times = timesOf(patience);
const customerId = 'ann';

describe('audit', () => {
  let server: TestNats;
  let nats: NatsConnection;
  let log: PublishedLog;
  let databases: Record<
    'orders' | 'payments' | 'saga',
    { url: string; kit: Database; sql: postgres.Sql }
  >;
  let sources: AuditSources;

  async function database(service: string) {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder: join(services, service, 'migrations'), logger: silentLogger });
    const options = { url, name: 'audit', poolSize: 2, queryTimeoutMs: 5_000 };
    const kit = createDatabase({ ...options, logger: silentLogger });
    return { url, kit, sql: postgres(url, { max: 1, onnotice: () => {} }) };
  }

  beforeEach(async () => {
    server = await testNats();
    nats = await connect({ servers: server.url });
    log = await publishedLog(nats);
    databases = {
      orders: await database('querymodelworker'),
      payments: await database('paymentworker'),
      saga: await database('sagacoordinator'),
    };
    sources = {
      log: log.store,
      places: auditedPlaces(log.store),
      published: publishedMessages(nats, ORDERS_STREAM),
      readModel: auditedReadModel(databases.orders.kit),
      ledger: auditedLedger(databases.payments.kit),
      deadlines: auditedDeadlines(databases.saga.kit),
    };
  });
  afterEach(async () => {
    for (const { kit, sql } of Object.values(databases)) {
      await kit.stop();
      await sql.end();
    }
    await nats.close();
    await server.stop();
  });

  const look = (options: Partial<AuditOptions> = {}, from: Partial<AuditSources> = {}) =>
    audit(ctx, { ...sources, ...from }, { codec, patience, ...options });

  const append = (orderId: string, event: OrderEvent, eventId = newId()) =>
    log.store.append(ctx, {
      events: [
        {
          eventId,
          aggregateId: orderId,
          aggregateType: ORDER_AGGREGATE,
          metadata: {},
          ...codec.encode(event),
        },
      ],
    });

  const place = (orderId: string) =>
    append(orderId, {
      type: 'created',
      order: {
        orderId,
        customerId,
        restaurantId: 'trattoria',
        amount: minor(1_003),
        items: [
          { code: 'a', name: 'A', unitPrice: minor(1), quantity: 3 },
          { code: 'b', name: 'B', unitPrice: minor(1_000), quantity: 1 },
        ],
        createdOn: '2026-01-31T12:00:00.000Z',
      },
    });

  const ledger = () => sqlLedger(databases.payments.kit);
  const enter = (orderId: string, answer: DebitAnswer) =>
    ledger().enter(
      ctx,
      { idempotencyKey: debitKey(orderId), orderId, customerId, amount: minor(1_003) },
      answer,
    );

  async function pay(orderId: string): Promise<void> {
    await enter(orderId, { outcome: 'debited', paymentId: `p ${orderId}` });
    const amount = minor(1_003);
    await append(orderId, {
      type: 'paymentdebited',
      orderId,
      customerId,
      amount,
      paymentId: `p ${orderId}`,
    });
  }

  const approve = (orderId: string) =>
    append(orderId, { type: 'approved', orderId, decidedBy: 'review' });

  async function voidIt(orderId: string): Promise<void> {
    await append(orderId, { type: 'cancelled', orderId, decidedBy: 'ann', reason: 'late' });
    const eventId = newId();
    await append(orderId, { type: 'voidrequested', orderId, reason: 'late' }, eventId);
    await ledger().void(ctx, { idempotencyKey: voidKey(eventId), orderId }, 'done');
    await append(orderId, { type: 'paymentvoided', orderId, paymentId: '' });
  }

  /** Brings the read model and the deadlines to the log's head. */
  async function project(): Promise<void> {
    const model = createQueryModelService(sqlReadModel(databases.orders.kit), codec);
    const after = await model.checkpoint(ctx);
    const { events } = await log.store.read(ctx, { afterPosition: after, limit: 1_000 });
    if (events.length > 0) await model.project(ctx, { after, events });
    await rebuildDeadlines(
      ctx,
      orderProcess(times, codec),
      log.store,
      sqlDeadlines(databases.saga.kit, { idColumn: ORDER_ID }),
    );
    const position = await log.store.head(ctx);
    const place = { position, eventId: '', delivered: position };
    await log.store.saveCheckpoint(ctx, { consumer: durables.saga, ...place });
    await log.published();
  }

  /** One of each: approved, cancelled before and after its debit, declined, open, and no order at all. */
  async function everyKind(): Promise<void> {
    await place('approved');
    await pay('approved');
    await place('late');
    await approve('approved');
    await voidIt('late');
    await place('paid-back');
    await pay('paid-back');
    await voidIt('paid-back');
    await place('declined');
    await enter('declined', { outcome: 'declined', reason: 'no credit' });
    await append('declined', { type: 'paymentfailed', orderId: 'declined', reason: 'no credit' });
    await place('open');
    await place('open-paid');
    await pay('open-paid');
    await log.store.append(ctx, {
      events: [
        {
          eventId: newId(),
          aggregateId: 'table-1',
          aggregateType: 'table',
          eventType: 'ORDERS.reserved',
          metadata: {},
          data: '{}',
        },
      ],
    });
    await project();
  }

  const found = ({ discrepancies }: AuditReport) =>
    discrepancies.map(({ book, message }) => `${book}: ${message}`);

  it('books that agree are all right, to the cent', async () => {
    await everyKind();
    const report = await look();
    assert.deepEqual(found(report), []);
    assert.deepEqual(report, {
      log: { head: 18n, events: 18, unreadable: 0 },
      orders: { accepted: 6, ended: 4, open: 2, stuck: 0, amount: 6_018n },
      stream: { published: 18n, behind: 0n },
      readModel: { checkpoint: 18n, behind: 0n, compared: 6, notCompared: 0, failures: 0 },
      ledger: {
        lines: 5,
        debited: 3_009n,
        voided: 1_003n,
        kept: 2_006n,
        approved: 1_003n,
        underWay: 1_003n,
        notCompared: 0,
      },
      deadlines: { set: 2, notCompared: 0 },
      checkpoints: { compared: 2 },
      deadLetters: { parked: 0 },
      discrepancyCount: 0,
      discrepancies: [],
      waitingCount: 0,
      waiting: [],
      unread: [],
      repairs: { listed: [], dropped: 0, withheld: undefined },
    });
  });

  it('a log that does not fit into memory is read in several passes, with the same result', async () => {
    await everyKind();
    const { sql } = databases.payments;
    await sql`update ledger set amount_minor = amount_minor + 1 where order_id = 'approved'`;
    assert.deepEqual(await look({ eventsPerPass: 3 }), await look());
  });

  it('what is under way is no error: copies behind the log, and a debit whose event is still to come', async () => {
    await place('first');
    await project();
    await pay('first');
    await place('second');
    await enter('second', { outcome: 'debited', paymentId: 'p' });
    const report = await look();
    assert.deepEqual(found(report), []);
    assert.deepEqual(
      [report.readModel.behind, report.readModel.compared, report.ledger.underWay],
      [2n, 2, 2_006n],
    );
  });

  it('a copy that lacks an event for longer than the grace is wrong, and not before', async () => {
    await everyKind();
    await place('nineteen');
    await place('twenty');
    await log.published();
    const [missing] = await log.store.readAggregate(ctx, orderAggregate('nineteen'));
    assert.ok(missing);
    const since = missing.createdAt.toISOString();
    const lacks = `it is at 18 and lacks position 19, which is in the log since ${since}`;
    const none = { ...patience, graceMs: -patience.paymentMs };
    const ofCopies = (report: AuditReport) =>
      found(report).filter((line) => !/^deadlines/.test(line));
    // The read model lacks both, the stream neither.
    assert.deepEqual(found(await look()), []);
    assert.deepEqual(ofCopies(await look({ patience: none })), [`read model: ${lacks}`]);
    // It is told once, in however many passes the log is read.
    const passes = { patience: none, eventsPerPass: 3 };
    const stopped = { ...sources.published, last: async () => 18n };
    assert.deepEqual(ofCopies(await look(passes, { published: stopped })), [
      `stream: ${lacks}`,
      `read model: ${lacks}`,
    ]);
    await project();
    assert.deepEqual(ofCopies(await look({ patience: none })), []);
  });

  it('copies that are ahead of the first look at the log are compared with a later one', async () => {
    await everyKind();
    const report = await look({}, { log: { ...log.store, head: headOfOnce(3n) } });
    assert.deepEqual(found(report), []);
    assert.equal(report.log.events, 3);
  });

  /** The log's head as it was a while ago, the first time. */
  function headOfOnce(first: bigint) {
    let asked = false;
    return async () => {
      if (asked) return log.store.head(ctx);
      asked = true;
      return first;
    };
  }

  const damages: Record<string, [damage: (sql: Sqls) => Promise<unknown>, wanted: RegExp]> = {
    'a debit that is a cent too high': [
      ({ payments }) =>
        payments`update ledger set amount_minor = amount_minor + 1 where order_id = 'approved'`,
      /^ledger: order approved says 1004, the order costs 1003/,
    ],
    'a debit that is not in the ledger': [
      ({ payments }) => payments`delete from ledger where order_id = 'approved'`,
      /^ledger: order approved has no line, the log says debited$/,
    ],
    'a line of no order': [
      ({ payments }) => payments`
        insert into ledger (idempotency_key, order_id, customer_id, kind, amount_minor, outcome, payment_id, reason)
        values ('k', 'nobody', 'ann', 'debit', 5, 'debited', 'p', '')`,
      /^ledger: order nobody has a line, the log has no such order$/,
    ],
    'an approved order that was paid back': [
      ({ payments }) => payments`update ledger set voided_at = now() where order_id = 'approved'`,
      /^ledger: order approved is voided, the log says debited and asks for no void$/,
    ],
    'a void that moved no money': [
      ({ payments }) => payments`update ledger set voided_at = null where order_id = 'paid-back'`,
      /^ledger: order paid-back is not voided, the log says it is$/,
    ],
    'a refused debit that was taken': [
      ({ payments }) => payments`update ledger set outcome = 'debited' where order_id = 'declined'`,
      /^ledger: order declined says debited, the log says the payment failed$/,
    ],
    'a row that is gone': [
      ({ orders }) => orders`delete from orders where order_id = 'declined'`,
      /^read model: order declined has no row, its events begin at position \d+$/,
    ],
    'a row that was altered': [
      ({ orders }) => orders`update orders set amount_minor = 1 where order_id = 'declined'`,
      /^read model: order declined has the amountMinor 1, the log 1003$/,
    ],
    'a row with other items': [
      ({ orders }) => orders`update orders set items = '[]' where order_id = 'declined'`,
      /^read model: order declined has other items than the log$/,
    ],
    'a row that missed an event': [
      ({ orders }) =>
        orders`update orders set version = 1, status = 'Pending' where order_id = 'declined'`,
      /^read model: order declined stands at version 1, version 2 is at position \d+$/,
    ],
    'a row of no order': [
      ({ orders }) => orders`update orders set order_id = 'nobody' where order_id = 'open'`,
      /^read model: order (open has no row|nobody has a row, the log has no such order)/,
    ],
  };
  type Sqls = Record<'orders' | 'payments', postgres.Sql>;

  for (const [what, [damage, wanted]] of Object.entries(damages)) {
    it(`${what} is found and named`, async () => {
      await everyKind();
      await damage({ orders: databases.orders.sql, payments: databases.payments.sql });
      const report = await look();
      const all = found(report);
      assert.ok(all.length > 0 && all.every((line) => wanted.test(line)), all.join('\n'));
      assert.equal(report.discrepancyCount, all.length);
    });
  }

  it('a message that is missing, and one that is another, are found and named', async () => {
    await everyKind();
    const { streams } = await nats.jetstreamManager();
    await streams.delete(ORDERS_STREAM);
    await streams.add({ name: ORDERS_STREAM, subjects: [`${ORDERS_STREAM}.*`] });
    for await (const event of await log.store.stream(ctx, {})) {
      const data = event.position === 5n ? '{}' : event.data;
      const { subject, headers, payload } = encodeMessage({ ...event, data });
      await nats.jetstream().publish(subject, payload, { headers });
    }
    await streams.deleteMessage(ORDERS_STREAM, 3);
    await streams.deleteMessage(ORDERS_STREAM, 18);
    assert.deepEqual(
      found(await look()).map((line) => line.replace(/ \(event .*/, '')),
      [
        'stream: message 3 is missing',
        'stream: message 5 carries other data than the log: {}',
        'stream: message 18 is missing',
      ],
    );
  });

  it('a stream that is ahead of the log is no copy of it', async () => {
    await everyKind();
    await nats.jetstream().publish('ORDERS.created', '{}');
    assert.deepEqual(found(await look()), ['stream: it is at 19, ahead of the log at 18']);
  });

  it('an event that is missing in the log is found by its position and by its version', async () => {
    await everyKind();
    const holed: AuditSources['log'] = {
      ...log.store,
      stream: async (given, filter) => without(await log.store.stream(given, filter), 2n),
    };
    const [first, ...others] = found(await look({}, { log: holed }));
    assert.equal(first, 'log: position 3 follows position 1');
    assert.ok(others.includes('log: order approved: version 3 follows version 1'), others.join());
  });

  it('an order that waits beyond its deadline, or for its money, is stuck', async () => {
    await everyKind();
    await place('unpaid-back');
    await pay('unpaid-back');
    await append('unpaid-back', {
      type: 'cancelled',
      orderId: 'unpaid-back',
      decidedBy: 'ann',
      reason: 'late',
    });
    await project();
    const soon = { ...patience, graceMs: -1 - patience.paymentMs };
    const report = await look({ patience: soon });
    assert.deepEqual(found(report), []);
    assert.deepEqual(
      report.waiting.map(({ book, message }) => `${book}: ${message.replace(/ since .*/, '')}`),
      [
        'orders: order open is Pending and waits for its payment',
        'orders: order open-paid is Paid and waits for its review',
        'orders: order unpaid-back is Cancelled and waits for its void to be requested',
      ],
    );
    assert.deepEqual([report.orders.open, report.orders.stuck], [0, 3]);
  });

  it('an order that costs other than its items, or is debited twice or for another sum, is found', async () => {
    const created = (await log.store.read(ctx, { limit: 1 })).events;
    assert.deepEqual(created, []);
    await place('right');
    const [right] = (await log.store.read(ctx, { limit: 1 })).events;
    assert.ok(right);
    const { order_id: _, ...rest } = JSON.parse(right.data);
    const data = JSON.stringify({ ...rest, order_id: 'wrong', amount: 10 });
    await log.store.append(ctx, {
      events: [{ ...right, eventId: newId(), aggregateId: 'wrong', data }],
    });
    await enter('right', { outcome: 'debited', paymentId: 'p' });
    const debit = { type: 'paymentdebited', orderId: 'right', customerId, paymentId: 'p' } as const;
    await append('right', { ...debit, amount: minor(1_003) });
    await append('right', { ...debit, amount: minor(1_002) });
    await project();
    assert.deepEqual(found(await look()), [
      'money: order wrong: it costs 1000, its items 1003 (minor units)',
      'money: order right: the log tells of more than one debit',
      'money: order right: it costs 1003, 1002 was debited (minor units)',
    ]);
  });

  it('an event that cannot be read is passed over, as everyone does, and is named: its order answers 500', async () => {
    await everyKind();
    await log.store.append(ctx, {
      events: [
        {
          eventId: newId(),
          aggregateId: 'approved',
          aggregateType: ORDER_AGGREGATE,
          eventType: 'ORDERS.cancelled',
          metadata: {},
          data: '{"spoilt":true}',
        },
      ],
    });
    await project();
    const report = await look();
    const named =
      'log: order approved: its ORDERS.cancelled, version 4 at position 19, cannot be read; over HTTP the order answers 500';
    const waits = report.waiting.map(({ book, message }) => `${book}: ${message}`);
    assert.deepEqual([found(report), waits, report.log.unreadable], [[], [named], 1]);
  });

  it('an order with an event of a newer release is right, in a row of either release', async () => {
    await everyKind();
    const own = { eventId: newId(), aggregateId: 'approved', aggregateType: ORDER_AGGREGATE };
    await log.store.append(ctx, {
      events: [{ ...own, eventType: 'ORDERS.praised', metadata: {}, data: '{}' }],
    });
    await project();
    const report = await look();
    assert.deepEqual([found(report), report.waiting], [[], []]);
    await databases.orders.sql`update orders set version = 3 where order_id = 'approved'`;
    assert.deepEqual(found(await look()), [
      'read model: order approved stands at version 3, version 4 is at position 19',
    ]);
  });

  it('an order that was created twice, or is paid for and was never created, is as it is folded', async () => {
    await place('twice');
    await place('twice');
    await pay('twice');
    await pay('early');
    await place('early');
    for (const paymentId of ['p', 'q']) {
      const amount = minor(1_003);
      await append('never', {
        type: 'paymentdebited',
        orderId: 'never',
        customerId,
        amount,
        paymentId,
      });
    }
    await project();
    const report = await look();
    const debitedTwice = 'money: order never: the log tells of more than one debit';
    assert.deepEqual([found(report), report.readModel.compared], [[debitedTwice], 3]);
    await databases.orders.sql`update orders set items = '[{}]'`;
    assert.deepEqual(found(await look()).sort(), [
      debitedTwice,
      ...['early', 'never', 'twice'].map(
        (id) => `read model: order ${id} has other items than the log`,
      ),
    ]);
  });

  it('an order that was given up, and is only paid back, is all right; one that keeps its money is not', async () => {
    await enter('given-up', { outcome: 'debited', paymentId: 'p' });
    await append('given-up', { type: 'voidrequested', orderId: 'given-up', reason: 'given_up' });
    await project();
    assert.deepEqual(found(await look()), [], 'its void is under way');
    await append('given-up', { type: 'paymentvoided', orderId: 'given-up', paymentId: 'p' });
    await project();
    assert.deepEqual(found(await look()), [
      'ledger: order given-up is not voided, the log says it is',
    ]);
    await ledger().void(ctx, { idempotencyKey: 'v', orderId: 'given-up' }, 'done');
    assert.deepEqual(found(await look()), []);
  });

  it('however much is wrong, a bounded part is listed and all is counted', async () => {
    for (let n = 0; n < 30; n++) await place(`order-${n}`);
    await project();
    await databases.orders.sql`update orders set amount_minor = 1`;
    const report = await look();
    assert.deepEqual([report.discrepancyCount, report.discrepancies.length], [30, 20]);
  });

  it('a book that nobody answers for is told, and all others are compared', async () => {
    await everyKind();
    await databases.payments.sql`update ledger set amount_minor = 1 where order_id = 'approved'`;
    const nobody = () => Promise.reject(new CodedError('unavailable', 'away', 'It is away.'));
    const messages = () => ({ [Symbol.asyncIterator]: () => ({ next: nobody }) });
    const away = await look({}, { published: { last: nobody, messages } });
    assert.deepEqual(
      [away.unread, verdictOf(away)],
      [[{ book: 'stream', message: 'It is away.' }], 'wrong'],
    );
    assert.match(found(away).join(), /^ledger: order approved says 1, the order costs 1003/);
    // Away in the middle of its reading.
    const { last } = sources.published;
    const lost = await look({}, { published: { last, messages } });
    assert.deepEqual([lost.unread, found(lost)], [away.unread, found(away)]);
    await assert.rejects(look({}, { log: { ...log.store, head: nobody } }), { code: 'away' });
  });

  it('an unreadable event that the projection did not record is named, once it has come so far', async () => {
    await everyKind();
    await append('spoilt', { type: 'approved', orderId: 'spoilt', decidedBy: 'x' });
    const spoilt = {
      eventId: newId(),
      aggregateId: 'spoilt',
      aggregateType: ORDER_AGGREGATE,
      eventType: 'ORDERS.cancelled',
      metadata: {},
      data: '{}',
    };
    const { position } = await log.store.append(ctx, { events: [spoilt] });
    const ofRecords = (report: AuditReport) => found(report).filter((line) => /record/.test(line));
    await log.published();
    assert.deepEqual(ofRecords(await look()), []);
    await project();
    assert.deepEqual([ofRecords(await look()), (await look()).readModel.failures], [[], 1]);
    await databases.orders.sql`update projection_failures set event_id = 'e-1'`;
    const wrong = `read model: its record of the unreadable event at ${position}`;
    assert.deepEqual(ofRecords(await look()), [
      `${wrong} names the event e-1, the log ${spoilt.eventId}`,
    ]);
    await databases.orders.sql`delete from projection_failures`;
    assert.deepEqual(ofRecords(await look()), [`${wrong} is missing`]);
    await readModelRepair(databases.orders.kit, log.store, codec).failure(ctx, position);
    assert.deepEqual(ofRecords(await look()), []);
  });

  it('a stream that has a hole, and a message that the log may have lost, is left as it is', async () => {
    await everyKind();
    const { streams } = await nats.jetstreamManager();
    await streams.delete(ORDERS_STREAM);
    await streams.add({ name: ORDERS_STREAM, subjects: [`${ORDERS_STREAM}.*`] });
    for await (const event of await log.store.stream(ctx, {})) {
      const changed = event.position === 5n ? { ...event, data: '{}' } : event;
      const { subject, headers, payload } = encodeMessage(changed);
      await nats.jetstream().publish(subject, payload, { headers });
    }
    await streams.deleteMessage(ORDERS_STREAM, 3);
    const report = await look();
    assert.deepEqual(
      report.discrepancies.map(({ book, fault }) => `${book} ${fault}`),
      ['stream wrong', 'stream differs'],
    );
    assert.deepEqual(report.repairs.listed, []);
    assert.match(report.repairs.withheld ?? '', /may be the only true copy/);
  });

  it('a deadline that a worker set late goes by itself, and is wrong only when it does not', async () => {
    await everyKind();
    const [created] = await log.store.readAggregate(ctx, orderAggregate('approved'));
    assert.ok(created);
    const deadlines = sqlDeadlines(databases.saga.kit, { idColumn: ORDER_ID });
    await deadlines.put(ctx, [deadlineSince(created, 'payment', deadlineRules(times).payment)]);
    assert.deepEqual(found(await look()), []);
    const late = { ...patience, graceMs: -2 * patience.paymentMs };
    const left = found(await look({ patience: late }));
    assert.match(
      left.join(),
      /^deadlines: order approved has a payment deadline of \S+ and waits for none$/,
    );
  });
});

async function* without(
  events: AsyncIterable<RecordedEvent>,
  missing: bigint,
): AsyncGenerator<RecordedEvent, void, undefined> {
  for await (const event of events) if (event.position !== missing) yield event;
}
