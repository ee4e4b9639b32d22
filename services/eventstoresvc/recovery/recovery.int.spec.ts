/**
 * The log is restored to an older state while the stream still has what came after:
 * on real PostgreSQL and NATS, over gRPC.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { connect, type NatsConnection } from 'nats';
import postgres from 'postgres';
import {
  type DiscardLostEventsRequest,
  type GiveUpEventsRequest,
  LogRecoveryClient,
} from '../../../proto/gen/eventstore.ts';
import type { EventStore, RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../../shared/eventstore/grpc/grpc-event-store.ts';
import { createGrpcLogRecovery } from '../../../shared/eventstore/grpc/grpc-log-recovery.ts';
import { newEventToWire } from '../../../shared/eventstore/grpc/wire.ts';
import type { LogRecovery } from '../../../shared/eventstore/log-recovery.ts';
import { encodeMessage } from '../../../shared/eventstore/message.ts';
import { background } from '../../../shared/kit/context.ts';
import { codedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { type TestNats, testNats, testPostgres } from '../../../stack/testing.ts';
import { readConfig } from '../config.ts';
import { type App, createContainer } from '../container.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const ctx = background();

describe('a log that was restored to an older state', function () {
  this.timeout(60_000);
  let nats: TestNats;
  let connection: NatsConnection;
  let sql: postgres.Sql;
  let env: Record<string, string>;
  let app: App | undefined;
  let store: EventStore & Component;
  let recovery: LogRecovery & { close(): void };

  beforeEach(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    sql = postgres(url, { max: 2, onnotice: () => {} });
    nats = await testNats();
    connection = await connect({ servers: nats.url });
    env = {
      EVENTSTORE_DATABASE_URL: url,
      NATS_URL: nats.url,
      GRPC_PORT: '0',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'silent',
      OTEL_TRACES_SAMPLER: 'always_off',
    };
    await start();
  });
  afterEach(async () => {
    await stop();
    await connection.close();
    await nats.stop();
    await sql.end();
  });

  async function start(): Promise<void> {
    app = createContainer(readConfig(env));
    await app.lifecycle.start();
    const options = {
      address: `127.0.0.1:${app.ports().grpc}`,
      stream: 'ORDERS',
      timeoutMs: 5_000,
    };
    store = createGrpcEventStore({ ...options, logger: silentLogger });
    recovery = createGrpcLogRecovery(options);
  }

  async function stop(): Promise<void> {
    recovery.close();
    await store.stop?.();
    await app?.lifecycle.stop();
    app = undefined;
  }

  const append = (aggregateId = crypto.randomUUID()) =>
    store.append(ctx, { events: [anEvent({ aggregateId, metadata: { correlation_id: 'c' } })] });
  const appendMany = (count: number) => Promise.all(Array.from({ length: count }, () => append()));

  const streamEndsAt = (last: number) =>
    eventually(`the stream ends at ${last}`, async () => {
      const manager = await connection.jetstreamManager();
      return (await manager.streams.info('ORDERS')).state.last_seq === last;
    });

  /** As pg_restore does it to a log that ended there. */
  const restore = (head: number) =>
    sql.begin(async (tx) => {
      await tx`delete from events where position > ${head}`;
      await tx`update log_head set position = ${head}`;
    });

  async function all(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of await store.stream(ctx, {})) events.push(event);
    return events;
  }

  async function lost(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const some of await recovery.lostEvents(ctx)) events.push(...some);
    return events;
  }

  async function recover(): Promise<bigint | undefined> {
    let last: bigint | undefined;
    for await (const position of await recovery.recover(ctx)) last = position;
    return last;
  }

  const refusal = async (work: Promise<unknown>) => {
    const error = codedError(
      await work.then(
        () => assert.fail('it was accepted'),
        (e) => e,
      ),
    );
    return [error.kind, error.code] as const;
  };

  const takesAppends = () =>
    eventually('appends are taken', async () => {
      await append();
      return true;
    });

  it('takes no event, and is read as ever, until it has back what the stream has', async () => {
    const one = crypto.randomUUID();
    for (let n = 0; n < 3; n++) await append(one);
    await appendMany(20);
    await append(one);
    await streamEndsAt(24);
    const before = await all();
    await stop();
    await restore(2);
    await start();
    assert.deepEqual(await refusal(append()), ['unavailable', 'log_behind_stream']);
    assert.equal(await store.head(ctx), 2n);
    assert.deepEqual(await all(), before.slice(0, 2));
    const { why: _, ...standing } = await recovery.standing(ctx);
    assert.deepEqual(standing, { kind: 'behind', head: 2n, agreed: 2n, streamLast: 24n });
    assert.deepEqual(await lost(), before.slice(2));

    assert.equal(await recover(), 24n);
    assert.deepEqual(await all(), before, 'ids, positions, versions, metadata and times');
    await takesAppends();
    assert.deepEqual(await refusal(recover()), ['precondition_failed', 'nothing_to_recover']);
  });

  it('behind a running process, takes not one event more', async () => {
    await appendMany(10);
    await streamEndsAt(10);
    await restore(4);
    const answers = await Promise.all(Array.from({ length: 50 }, () => refusal(append())));
    for (const [kind, code] of answers) {
      assert.equal(kind, 'unavailable');
      assert.ok(['log_went_back', 'log_behind_stream'].includes(code), code);
    }
    assert.equal(await store.head(ctx), 4n);
    await eventually(
      'it is judged',
      async () => (await refusal(append()))[1] === 'log_behind_stream',
    );
    await recover();
    await takesAppends();
    assert.equal((await all()).length, 11);
  });

  it('ends a follower with a reason, and lets it continue if the log has its place', async () => {
    await appendMany(10);
    await streamEndsAt(10);
    const before = await all();
    const following = await store.batches(ctx, { afterPosition: 8n, follow: true });
    const reading = following[Symbol.asyncIterator]();
    const { value } = await reading.next();
    assert.equal(value?.at(-1)?.position, 10n);
    const next = reading.next();
    await restore(4);
    await assert.rejects(next, (error) => codedError(error).code === 'place_not_in_log');
    await eventually(
      'it is judged',
      async () => (await refusal(append()))[1] === 'log_behind_stream',
    );
    const place = { afterPosition: 4n, afterEventId: before[3]?.eventId ?? '' };
    const again = await store.batches(ctx, { ...place, follow: true });
    const early = again[Symbol.asyncIterator]();
    const coming = early.next();
    await recover();
    assert.deepEqual((await coming).value, before.slice(4));
    await early.return?.();
  });

  it('has everything back once, though two write it back and one begins again', async () => {
    await appendMany(1_500);
    await streamEndsAt(1_500);
    const before = await all();
    await stop();
    await restore(3);
    await start();
    for await (const position of await recovery.recover(ctx)) {
      assert.ok(position < 1_500n);
      break;
    }
    const outcomes = await Promise.allSettled([recover(), recover()]);
    for (const outcome of outcomes) {
      // The one that comes late finds that all is there.
      if (outcome.status === 'rejected') {
        assert.equal(codedError(outcome.reason).code, 'nothing_to_recover');
      }
    }
    assert.deepEqual(await all(), before);
  });

  it('has back what comes before a message that cannot be the log’s, which is named', async () => {
    await appendMany(6);
    await streamEndsAt(6);
    const before = await all();
    await stop();
    await restore(2);
    const [event] = before;
    assert.ok(event);
    const wrong = { ...event, eventId: 'wrong', version: 7n, position: 7n };
    const { subject, headers, payload } = encodeMessage(wrong);
    await connection.jetstream().publish(subject, payload, { headers });
    await start();
    const error = codedError(await recover().catch((e) => e));
    assert.equal(error.code, 'tail_incomplete');
    assert.match(
      error.message,
      /message 7 cannot be written back: it is version 7 of .* next is 2/,
    );
    assert.deepEqual(await all(), before);
    assert.deepEqual(await refusal(append()), ['unavailable', 'log_behind_stream']);
  });

  it('gives up what only the stream has: what is appended for it is there once, and consumers go back', async () => {
    await appendMany(10);
    await streamEndsAt(10);
    const before = await all();
    await eventually('its place is kept', async () => {
      await store.saveCheckpoint(ctx, { consumer: 'w', position: 9n, eventId: '', delivered: 10n });
      return true;
    });
    await stop();
    await restore(4);
    await start();
    const { agreed, streamLast } = await recovery.standing(ctx);
    const events = [anEvent({ eventType: 'ORDERS.voidrequested' })];
    await recovery.giveUp(ctx, { agreed, streamLast, events });
    // As after a crash in between: now the two differ, and agree as far as before.
    await stop();
    await start();
    assert.deepEqual(await refusal(append()), ['unavailable', 'log_differs_from_stream']);
    assert.deepEqual(await refusal(recover()), ['precondition_failed', 'nothing_to_recover']);
    assert.deepEqual(await lost(), before.slice(4));
    await recovery.giveUp(ctx, { agreed, streamLast, events });
    await recovery.discard(ctx, { agreed, streamLast, resumeAfter: 3n });
    await takesAppends();
    const log = await all();
    assert.deepEqual(log.slice(0, 4), before.slice(0, 4));
    assert.deepEqual(
      log.slice(4, 5).map(({ eventId }) => eventId),
      events.map(({ eventId }) => eventId),
    );
    assert.deepEqual(await store.getCheckpoint(ctx, 'w'), {
      position: 3n,
      eventId: before[2]?.eventId,
      delivered: 3n,
    });
    await streamEndsAt(log.length);
    assert.equal((await recovery.standing(ctx)).kind, 'follows');
    assert.deepEqual(
      await refusal(recovery.discard(ctx, { agreed, streamLast, resumeAfter: 0n })),
      ['precondition_failed', 'tail_moved'],
      'nothing is thrown away that nobody looked at',
    );
  });

  it('that has grown since is two histories: refused, with where they part, and nothing is thrown away', async () => {
    await appendMany(10);
    await streamEndsAt(10);
    const before = await all();
    await stop();
    await restore(6);
    // As a release of before this one did.
    await sql`
      insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                          version, event_data, metadata)
      select 'ORDERS', p, 'new-' || p, 'ORDERS.created', 'order', 'new-' || p, 1, '', '{}'
      from generate_series(7, 12) p`;
    await sql`update log_head set position = 12`;
    await start();
    const error = codedError(await append().catch((e) => e));
    assert.equal(error.code, 'log_differs_from_stream');
    const there = before[6]?.eventId;
    assert.match(
      error.message,
      new RegExp(
        `agree up to 6; at 7 the log has ORDERS.created new-7 of order new-7, the stream \\S+ ${there}`,
      ),
    );
    assert.deepEqual(await lost(), before.slice(6));
    await streamEndsAt(10);
  });

  it('is not touched by who asks for nonsense, or for a recovery that nothing needs', async () => {
    await appendMany(3);
    await streamEndsAt(3);
    const before = await all();
    const client = new LogRecoveryClient(
      `127.0.0.1:${app?.ports().grpc}`,
      credentials.createInsecure(),
    );
    const told = (error: ServiceError | null) => [
      error?.code,
      error?.metadata.get('error-code')[0] ?? error?.details,
    ];
    const giveUp = (request: Partial<GiveUpEventsRequest>) =>
      new Promise((resolve) =>
        client.giveUpEvents(
          { agreed: 3n, streamLast: 3n, events: [], ...request },
          (error: ServiceError | null) => resolve(told(error)),
        ),
      );
    const discard = (request: Partial<DiscardLostEventsRequest>) =>
      new Promise((resolve) =>
        client.discardLostEvents(
          { agreed: 3n, streamLast: 3n, resumeAfter: 0n, ...request },
          (error: ServiceError | null) => resolve(told(error)),
        ),
      );
    const event = newEventToWire(anEvent({ aggregateId: 'x' }), 'ORDERS');
    const wrong = [status.INVALID_ARGUMENT, 'invalid_request'];
    const notNeeded = [status.FAILED_PRECONDITION, 'tail_moved'];
    try {
      for (const [refused, expected, what] of [
        [giveUp({ agreed: -1n }), wrong, 'a place before the first'],
        [giveUp({ events: Array.from({ length: 101 }, () => event) }), wrong, 'too many events'],
        [giveUp({ events: [{ ...event, stream: 'OTHERS' }] }), wrong, 'another stream'],
        [discard({ streamLast: -1n, resumeAfter: -1n }), wrong, 'an end before the first'],
        [giveUp({ events: [event] }), notNeeded, 'a log that lost nothing'],
        [discard({}), notNeeded, 'a stream that the log has'],
        [discard({ agreed: 2n ** 62n, streamLast: 2n ** 62n }), notNeeded, 'a place of no log'],
      ] as const) {
        assert.deepEqual(await refused, expected, what);
      }
    } finally {
      client.close();
    }
    assert.deepEqual(await refusal(recover()), ['precondition_failed', 'nothing_to_recover']);
    assert.deepEqual(await lost(), []);
    assert.deepEqual(await all(), before);
    await streamEndsAt(3);
  });
});
