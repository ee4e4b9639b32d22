import assert from 'node:assert/strict';
import { join } from 'node:path';
import postgres from 'postgres';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import {
  ORDER_AGGREGATE,
  ORDERS_STREAM,
  orderAggregate,
} from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { minor } from '../../../shared/money/money.ts';
import { orderCreated } from '../../../shared/testing/worker-rig.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { createQueryModelService } from '../service.ts';
import { sqlReadModel } from '../table/read-model.ts';
import { readModelRepair } from './repair-read-model.ts';

const ctx = background();
const codec = orderEventCodec(2);
const id = 'order-1';
const paid: OrderEvent = {
  type: 'paymentdebited',
  orderId: id,
  customerId: 'ann',
  amount: minor(1_000),
  paymentId: 'p',
};

describe('a repair of the read model', () => {
  let store: EventStore;
  let database: Database;
  let sql: postgres.Sql;

  beforeEach(async () => {
    store = createMemoryEventStore({ stream: ORDERS_STREAM });
    const url = await (await testPostgres()).createDatabase();
    await migrate({
      url,
      folder: join(import.meta.dirname, '../migrations'),
      logger: silentLogger,
    });
    const options = { url, name: 'repair', poolSize: 2, queryTimeoutMs: 5_000 };
    database = createDatabase({ ...options, logger: silentLogger });
    sql = postgres(url, { max: 1, onnotice: () => {} });
  });
  afterEach(async () => {
    await sql.end();
    await database.stop();
  });

  async function append(event: OrderEvent): Promise<void> {
    const { length } = await store.readAggregate(ctx, orderAggregate(id));
    const eventId = `event-${length}`;
    const entry = { eventId, aggregateId: id, aggregateType: ORDER_AGGREGATE, metadata: {} };
    await store.append(ctx, { events: [{ ...entry, ...codec.encode(event) }] });
  }

  async function project(): Promise<void> {
    const service = createQueryModelService(sqlReadModel(database), codec);
    const after = await service.checkpoint(ctx);
    const { events } = await store.read(ctx, { afterPosition: after, limit: 100 });
    await service.project(ctx, { after, events });
  }

  const rows = () => sql`select order_id, version::int, status, amount_minor::int from orders`;
  const repair = (log: Pick<EventStore, 'read' | 'readAggregate'> = store) =>
    readModelRepair(database, log, codec);

  /** The log, which once after it was read has `meanwhile` happen. */
  function interrupted(meanwhile: () => Promise<void>) {
    let reads = 0;
    const readAggregate: EventStore['readAggregate'] = async (...of) => {
      const events = await store.readAggregate(...of);
      if (reads++ === 0) await meanwhile();
      return events;
    };
    return { log: { ...store, readAggregate }, reads: () => reads };
  }

  it('a row is not written over one that the projection wrote meanwhile', async () => {
    await append(orderCreated(id));
    await project();
    const [{ amount_minor: amount } = { amount_minor: undefined }] = await rows();
    await sql`update orders set amount_minor = 1`;
    const { log, reads } = interrupted(async () => {
      await append(paid);
      await project();
    });
    assert.equal(await repair(log).row(ctx, id), 'written');
    assert.equal(reads(), 2);
    const right = { order_id: id, version: 2, status: 'Paid', amount_minor: amount };
    assert.deepEqual([...(await rows())], [right]);
    assert.equal(await repair().row(ctx, id), 'right');
  });

  it('nor is one made where the projection made it meanwhile', async () => {
    await append(orderCreated(id));
    const { log, reads } = interrupted(async () => {
      await append(paid);
      await project();
    });
    assert.equal(await repair(log).row(ctx, id), 'right');
    assert.equal(reads(), 2);
    assert.equal((await rows())[0]?.version, 2);
  });

  it('a row of no order is removed, and not one that came in its place', async () => {
    await append(orderCreated(id));
    await project();
    await sql`update orders set order_id = 'nobody'`;
    const { log } = interrupted(async () => {
      await sql`update orders set version = 7`;
    });
    assert.equal(await repair(log).row(ctx, 'nobody'), 'removed');
    assert.equal(await repair().row(ctx, 'nobody'), 'right');
    assert.deepEqual([...(await rows())], []);
  });

  it('an order whose row keeps changing is given up, and said', async () => {
    await append(orderCreated(id));
    await project();
    await sql`update orders set amount_minor = 1`;
    const readAggregate: EventStore['readAggregate'] = async (...of) => {
      await sql`update orders set position = position + 1`;
      return store.readAggregate(...of);
    };
    const moving = repair({ ...store, readAggregate }).row(ctx, id);
    await assert.rejects(moving, { kind: 'conflict', code: 'order_moving' });
  });

  it('the checkpoint is set where it is ahead of the log, and nowhere else', async () => {
    await append(orderCreated(id));
    await project();
    const position = async () =>
      (await sql`select position::int from projection_checkpoint where name = 'query-model'`)[0]
        ?.position;
    assert.equal(await repair().checkpoint(ctx, 0n, 1n), false);
    assert.equal(await position(), 1);
    await sql`update projection_checkpoint set position = 1000 where name = 'query-model'`;
    assert.equal(await repair().checkpoint(ctx, 1n, 1n), true);
    assert.equal(await position(), 1);
    await sql`delete from projection_checkpoint`;
    const missing = repair().checkpoint(ctx, 0n, 1n);
    await assert.rejects(missing, { code: 'read_model_not_prepared' });
  });
});
