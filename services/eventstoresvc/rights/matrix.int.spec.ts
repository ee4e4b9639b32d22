/** Every method and every program, as the table says, with real certificates on a real server. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, type ServiceError, status } from '@grpc/grpc-js';
import {
  type Event,
  EventStoreService,
  Lane,
  LogRecoveryService,
} from '../../../proto/gen/eventstore.ts';
import { eventTypes } from '../../../shared/contracts/events.ts';
import { grpcRights } from '../../../shared/contracts/rights/grpc.ts';
import { EVENT_STORE, uriOf } from '../../../shared/contracts/rights/identities.ts';
import { durables } from '../../../shared/contracts/subjects.ts';
import { type GrpcMethod, workOf } from '../../../shared/eventstore/grpc/store-rights.ts';
import { derivedId } from '../../../shared/eventstore/ids.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import {
  channelCredentials,
  tlsChannelOptions,
} from '../../../shared/kit/transport/tls/channel-credentials.ts';
import { type TlsFolder, tlsFolder } from '../../../stack/credentials/testing/tls-folder.ts';
import { type TestNats, testNats, testPostgres } from '../../../stack/testing.ts';
import { readConfig } from '../config.ts';
import { type App, createContainer } from '../container.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const methods = { ...EventStoreService, ...LogRecoveryService };

const ended = { order_id: 'o', reason: 'x', decided_by: 'policy' };
/** What the schema of each type asks for. */
const payloads: Readonly<Record<string, object>> = {
  [eventTypes.created]: {
    order_id: 'o',
    customer_id: 'c',
    created_on: '2026-11-30',
    restaurant_id: 'r',
    amount: 1.5,
    order_items: [],
  },
  [eventTypes.paymentdebited]: { OrderID: 'o', CustomerID: 'c', Amount: 1.5 },
  [eventTypes.paymentfailed]: ended,
  [eventTypes.approved]: {},
  [eventTypes.rejected]: ended,
  [eventTypes.cancelled]: ended,
  [eventTypes.voidrequested]: ended,
  [eventTypes.paymentvoided]: ended,
};

const event = (overrides: Partial<Event> = {}): Event => ({
  eventId: randomUUID(),
  eventType: eventTypes.created,
  aggregateId: randomUUID(),
  aggregateType: 'order',
  eventData: JSON.stringify(payloads[overrides.eventType ?? eventTypes.created] ?? {}),
  stream: 'ORDERS',
  version: 0n,
  position: 0n,
  createdAt: undefined,
  metadata: {},
  ...overrides,
});
const filter = {
  eventId: '',
  aggregateId: '',
  aggregateType: '',
  stream: '',
  eventTypes: [],
  positions: [],
  afterPosition: 0n,
  afterEventId: '',
  limit: 1,
  follow: false,
  gatherMs: 0,
  withoutMetadata: false,
};
const looked = { agreed: 1_000n, streamLast: 1_000n };

/** A request that every program with the right to the method may make. */
const requests: Readonly<Record<GrpcMethod, (name: string) => object>> = {
  createEvent: (name) => ({
    event: event({ eventType: rightsOf(name)?.appends[0] ?? eventTypes.created }),
    lane: Lane.NEW_WORK,
  }),
  appendEvents: () => ({ appends: [] }),
  getEvents: () => filter,
  getAggregates: () => ({
    aggregates: [{ aggregateType: 'order', aggregateId: 'x' }],
    stream: '',
  }),
  getEventsStream: () => filter,
  getEventsBatches: () => filter,
  getHead: () => ({ stream: '' }),
  getCurrency: () => ({}),
  settleCurrency: () => ({ code: 'USD', decimals: 2 }),
  getCheckpoint: () => ({ consumer: 'anybody' }),
  saveCheckpoint: (name) => ({
    ...consumerOf(name),
    position: 0n,
    eventId: '',
    delivered: 0n,
    eventTypes: [],
  }),
  parkDeadLetter: (name) => ({
    letter: {
      ...consumerOf(name),
      position: 1n,
      eventId: 'x',
      reason: 'x',
      lastError: 'x',
      deliveries: 1,
      traceparent: '',
      state: '',
      replays: 0,
      closeReason: '',
    },
  }),
  takeReplays: (name) => ({ ...consumerOf(name), limit: 1 }),
  resolveReplay: (name) => ({ ...consumerOf(name), position: 1n }),
  listCheckpoints: () => ({}),
  listDeadLetters: () => ({
    consumer: '',
    limit: 1,
    state: '',
    position: 0n,
    eventIds: [],
    afterPosition: 0n,
    afterConsumer: '',
  }),
  requestReplay: (name) => ({ ...consumerOf(name), position: 1n }),
  closeDeadLetter: (name) => ({ ...consumerOf(name), position: 1n, reason: 'x' }),
  getStanding: () => ({}),
  getLostEvents: () => ({}),
  recoverLog: () => ({}),
  giveUpEvents: () => ({ ...looked, events: [event({ eventType: eventTypes.voidrequested })] }),
  discardLostEvents: () => ({ ...looked, resumeAfter: 0n }),
};

const rightsOf = (name: string) =>
  name === 'workers' ? grpcRights.paymentworker : grpcRights[name];
const consumerOf = (name: string) => ({
  consumer: (rightsOf(name)?.consumers[0] ?? 'nobody').replace('*', 'anybody'),
});

describe('the rights at the event store', function suite() {
  this.timeout(60_000);
  let nats: TestNats;
  let app: App;
  let certificates: TlsFolder;
  const clients = new Map<string, Client>();

  before(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    nats = await testNats();
    certificates = await tlsFolder();
    const files = await certificates.leaf(EVENT_STORE, {
      identity: uriOf(EVENT_STORE),
      hosts: ['localhost'],
    });
    app = createContainer(
      readConfig({
        EVENTSTORE_DATABASE_URL: url,
        NATS_URL: nats.url,
        GRPC_PORT: '0',
        ADMIN_PORT: '0',
        LOG_LEVEL: 'silent',
        OTEL_TRACES_SAMPLER: 'always_off',
        TLS_CA_FILE: files.ca,
        TLS_CERT_FILE: files.cert,
        TLS_KEY_FILE: files.key,
      }),
    );
    await app.lifecycle.start();
  });
  after(async () => {
    for (const client of clients.values()) client.close();
    await app.lifecycle.stop();
    await nats.stop();
    certificates.remove();
  });

  async function clientOf(name: string): Promise<Client> {
    const identity = await certificates.identity(name, { identity: uriOf(name) });
    const tls = { identity, server: uriOf(EVENT_STORE) };
    const address = `127.0.0.1:${app.ports().grpc}`;
    const client =
      clients.get(name) ?? new Client(address, channelCredentials(tls), tlsChannelOptions(tls));
    clients.set(name, client);
    return client;
  }

  /** How a call ends: its code, and ours. */
  async function call(client: Client, name: GrpcMethod, request: object) {
    const { path, requestStream, responseStream, ...codec } = methods[name];
    const serialize = codec.requestSerialize as (value: object) => Buffer;
    const parse = codec.responseDeserialize as (bytes: Buffer) => unknown;
    const options = { deadline: Date.now() + 20_000 };
    const error = await new Promise<Partial<ServiceError> | null>((resolve) => {
      if (!responseStream) {
        client.makeUnaryRequest(path, serialize, parse, request, options, (error) =>
          resolve(error),
        );
        return;
      }
      const both = requestStream && client.makeBidiStreamRequest(path, serialize, parse, options);
      const opened =
        both || client.makeServerStreamRequest(path, serialize, parse, request, options);
      opened.on('data', () => {});
      opened.on('error', resolve);
      opened.on('end', () => resolve(null));
      if (!both) return;
      both.write(request);
      both.end();
    });
    return { code: error?.code ?? status.OK, stable: error?.metadata?.get('error-code')[0] };
  }

  const refused = { code: status.PERMISSION_DENIED, stable: 'not_permitted' };
  const append = async (name: string, overrides: Partial<Event>) =>
    call(await clientOf(name), 'createEvent', { event: event(overrides), lane: Lane.NEW_WORK });

  it('each method is somebody’s', () => {
    const rows = Object.values(grpcRights);
    for (const method of Object.keys(methods) as GrpcMethod[]) {
      assert.ok(
        rows.some(({ may }) => may.includes(workOf[method])),
        method,
      );
    }
  });

  for (const name of [...Object.keys(grpcRights), 'workers']) {
    it(`${name} may call what is in its row, and nothing else`, async () => {
      const client = await clientOf(name);
      const members = Object.values(grpcRights).filter(({ joins }) => joins === name);
      const may = [grpcRights[name], ...members].flatMap((row) => row?.may ?? []);
      for (const method of Object.keys(methods) as GrpcMethod[]) {
        const told = await call(client, method, requests[method](name));
        if (may.includes(workOf[method])) {
          assert.notEqual(told.code, status.PERMISSION_DENIED, `${method}: ${told.stable}`);
          assert.notEqual(told.code, status.UNAUTHENTICATED, method);
          assert.notEqual(told.code, status.UNAVAILABLE, method);
        } else assert.deepEqual(told, refused, method);
      }
    });

    it(`${name} appends the types of events in its row, and no other`, async () => {
      const members = Object.values(grpcRights).filter(({ joins }) => joins === name);
      const rows = [grpcRights[name], ...members].filter((row) => row?.may.includes('append'));
      const own = rows.flatMap((row) => row?.appends ?? []);
      for (const eventType of Object.values(eventTypes)) {
        const { code } = await append(name, { eventType });
        const expected = own.includes(eventType) ? status.OK : status.PERMISSION_DENIED;
        assert.equal(code, expected, eventType);
      }
    });
  }

  it('a program that is not in the table may do nothing, and one without a certificate reads nothing', async () => {
    const told = await call(await clientOf('stranger'), 'getEvents', filter);
    assert.deepEqual(told, { code: status.UNAUTHENTICATED, stable: 'unknown_identity' });
    const anonymous = new Client(`127.0.0.1:${app.ports().grpc}`, channelCredentials(undefined));
    const { code } = await call(anonymous, 'getEvents', filter);
    anonymous.close();
    assert.equal(code, status.UNAVAILABLE);
  });

  it('nobody but the payment worker says that an order is paid', async () => {
    for (const name of ['ordersvc', 'reviewworker', 'sagacoordinator', 'operator']) {
      assert.deepEqual(await append(name, { eventType: eventTypes.paymentdebited }), refused);
    }
  });

  it('a consumer’s places and letters are its own', async () => {
    const client = await clientOf('reviewworker');
    for (const method of ['saveCheckpoint', 'parkDeadLetter', 'takeReplays'] as const) {
      assert.deepEqual(await call(client, method, requests[method]('paymentworker')), refused);
    }
  });

  it('an aggregate of another type is neither read nor appended to', async () => {
    const asked = { aggregates: [{ aggregateType: 'night', aggregateId: 'x' }], stream: '' };
    const client = await clientOf('ordersvc');
    assert.deepEqual(await call(client, 'getAggregates', asked), refused);
    assert.deepEqual(await append('ordersvc', { aggregateType: 'night' }), refused);
  });

  it('an event of a known type that nobody could read is refused to every program', async () => {
    const debited = payloads[eventTypes.paymentdebited];
    const negative = JSON.stringify({ ...debited, Amount: -1 });
    const unread = { code: status.INVALID_ARGUMENT, stable: 'invalid_event' };
    for (const eventData of ['', '{}', '[]', negative]) {
      const told = await append('paymentworker', {
        eventType: eventTypes.paymentdebited,
        eventData,
      });
      assert.deepEqual(told, unread, eventData);
    }
  });

  describe('to an id that an answer will have', () => {
    const cause = randomUUID();
    const answerOf = (handler: string) => derivedId(handler, cause, 'answer');
    const approved = { eventType: eventTypes.approved, metadata: { causation_id: cause } };

    it('are those of who answers, so nobody takes it before', async () => {
      const eventId = answerOf(durables.payment);
      assert.deepEqual(await append('reviewworker', { ...approved, eventId }), refused);
      assert.deepEqual(await append('ordersvc', { eventId }), refused);
      const paid = { eventId, eventType: eventTypes.paymentfailed };
      const { code } = await append('paymentworker', { ...paid, metadata: approved.metadata });
      assert.equal(code, status.OK);
    });

    it('do not come from a cause that the event does not name', async () => {
      const eventId = answerOf(durables.review);
      const unnamed = { eventId, eventType: eventTypes.approved };
      assert.deepEqual(await append('reviewworker', unnamed), refused);
      assert.equal((await append('reviewworker', { ...approved, eventId })).code, status.OK);
    });

    it('are there for what is counted, too', async () => {
      const aggregateId = randomUUID();
      const eventId = derivedId(durables.saga, aggregateId, 'void:3');
      const asked = { eventId, aggregateId, eventType: eventTypes.voidrequested };
      assert.equal((await append('sagacoordinator', asked)).code, status.OK);
    });
  });
});
