import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import postgres from 'postgres';
import {
  type Append,
  type AppendEventsRequest,
  type AppendEventsResponse,
  type AppendResult,
  type DeadLetter,
  type Event,
  EventStoreClient,
  type GetEventsRequest,
  type GetEventsResponse,
  Lane,
  type ListDeadLettersRequest,
} from '../../../proto/gen/eventstore.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { type TestNats, testNats, testPostgres } from '../../../stack/testing.ts';
import { readConfig } from '../config.ts';
import { type App, createContainer } from '../container.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const MAX_EVENT_BYTES = 100_000;

const event = (overrides: Partial<Event> = {}): Event => ({
  eventId: randomUUID(),
  eventType: 'ORDERS.created',
  aggregateId: randomUUID(),
  aggregateType: 'order',
  eventData: '{}',
  stream: 'ORDERS',
  version: 0n,
  position: 0n,
  createdAt: undefined,
  metadata: {},
  ...overrides,
});
const create = (overrides: Partial<Event>) => ({
  event: event(overrides),
  expectedVersion: undefined,
  lane: Lane.NEW_WORK,
});
const read = (overrides: Partial<GetEventsRequest>): GetEventsRequest => ({
  eventId: '',
  aggregateId: '',
  aggregateType: '',
  stream: '',
  eventTypes: [],
  positions: [],
  afterEventId: '',
  afterPosition: 0n,
  limit: 0,
  follow: false,
  gatherMs: 0,
  withoutMetadata: false,
  ...overrides,
});
const letter = (overrides: Partial<DeadLetter>) => ({
  letter: {
    consumer: 'w',
    position: 1n,
    eventId: '',
    reason: '',
    lastError: '',
    deliveries: 1,
    traceparent: '',
    parkedAt: undefined,
    state: '',
    replays: 0,
    replayRequestedAt: undefined,
    resolvedAt: undefined,
    closedAt: undefined,
    closeReason: '',
    ...overrides,
  },
});
const letters = (overrides: Partial<ListDeadLettersRequest>): ListDeadLettersRequest => ({
  consumer: '',
  limit: 0,
  state: '',
  position: 0n,
  eventIds: [],
  afterPosition: 0n,
  afterConsumer: '',
  ...overrides,
});

/** What a refusal must not show: SQL, a stack, a path, an address. */
const INSIDE =
  /select |insert |update |postgres|\bat \S+ \(|[\w-]+\.[jt]s\b|\/\w+\/\w+\/|127\.0\.0\.1|ECONN/i;

type Unary =
  | 'createEvent'
  | 'getEvents'
  | 'getAggregates'
  | 'getHead'
  | 'settleCurrency'
  | 'saveCheckpoint'
  | 'getCheckpoint'
  | 'listCheckpoints'
  | 'parkDeadLetter'
  | 'listDeadLetters'
  | 'requestReplay'
  | 'takeReplays'
  | 'resolveReplay';
type Method = (
  request: unknown,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response: unknown) => void,
) => { cancel(): void };

describe('eventstoresvc under input that means no good', () => {
  let url: string;
  let nats: TestNats;
  let env: Record<string, string>;
  let app: App;
  let client: EventStoreClient;

  async function startApp(overrides: Record<string, string> = {}) {
    const started = createContainer(readConfig({ ...env, ...overrides }));
    await started.lifecycle.start();
    const address = `127.0.0.1:${started.ports().grpc}`;
    return { started, caller: new EventStoreClient(address, credentials.createInsecure()) };
  }

  before(async () => {
    url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    nats = await testNats();
    env = {
      EVENTSTORE_DATABASE_URL: url,
      NATS_URL: nats.url,
      GRPC_PORT: '0',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'silent',
      OTEL_TRACES_SAMPLER: 'always_off',
      MAX_EVENT_BYTES: String(MAX_EVENT_BYTES),
    };
    ({ started: app, caller: client } = await startApp());
  });

  after(async () => {
    client.close();
    await app.lifecycle.stop();
    await nats.stop();
  });

  function call<Response>(method: Unary, request: unknown, by = client, ms = 10_000) {
    return new Promise<Response>((resolve, reject) => {
      const bound = by[method].bind(by) as unknown as Method;
      bound(request, new Metadata(), { deadline: Date.now() + ms }, (error, response) =>
        error ? reject(error) : resolve(response as Response),
      );
    });
  }

  async function refusal(method: Unary, request: unknown, by = client) {
    const answer = await call(method, request, by).catch((error) => error);
    assert.ok(answer instanceof Error, `${method} was accepted`);
    return told(answer as ServiceError);
  }

  function told({ code, details, metadata }: ServiceError) {
    const trailers = metadata.getMap();
    assert.doesNotMatch(`${details} ${JSON.stringify(trailers)}`, INSIDE);
    const problems = JSON.parse(String(trailers['error-problems'] ?? '[]')) as { field: string }[];
    const fields = problems.map(({ field }) => field);
    return { status: code, code: trailers['error-code'], fields, trailers };
  }

  const long = 'x'.repeat(201);
  const badInput: [string, Unary, unknown, string[]][] = [
    [
      'no event',
      'createEvent',
      { event: undefined, expectedVersion: -1n, lane: Lane.NEW_WORK },
      ['event', 'expected_version'],
    ],
    [
      'an event with nothing in it',
      'createEvent',
      create({ eventId: '', eventType: '', aggregateId: '', aggregateType: '', stream: '' }),
      [
        'event.stream',
        'event.event_id',
        'event.aggregate_id',
        'event.aggregate_type',
        'event.event_type',
      ],
    ],
    [
      'ids that are too long',
      'createEvent',
      create({ eventId: long, aggregateId: long, aggregateType: long }),
      ['event.event_id', 'event.aggregate_id', 'event.aggregate_type'],
    ],
    [
      'ids with line breaks',
      'createEvent',
      create({ eventId: 'a\r\nNats-Rollup: all', aggregateId: 'a\nb' }),
      ['event.event_id', 'event.aggregate_id'],
    ],
    [
      'ids with control characters',
      'createEvent',
      create({ eventId: 'a\0', aggregateId: '\u007f', aggregateType: '\u0085' }),
      ['event.event_id', 'event.aggregate_id', 'event.aggregate_type'],
    ],
    [
      'a lane that there is not, beside what else is wrong',
      'createEvent',
      { ...create({ aggregateId: '' }), lane: 7 },
      ['lane', 'event.aggregate_id'],
    ],
    ['an id of blanks', 'createEvent', create({ aggregateId: '  ' }), ['event.aggregate_id']],
    ...[
      'ORDERS',
      'ORDERS.',
      'ORDERS.a.b',
      'ORDERS.*',
      'ORDERS.>',
      'ORDERS.a b',
      'PAYMENTS.a',
      `ORDERS.${'x'.repeat(122)}`,
    ].map((eventType): [string, Unary, unknown, string[]] => [
      `the type ${eventType.slice(0, 12)}`,
      'createEvent',
      create({ eventType }),
      ['event.event_type'],
    ]),
    [
      'another stream, cut in the middle of a character, and no id',
      'createEvent',
      create({ stream: `${'x'.repeat(39)}😀`, eventId: '' }),
      ['event.stream', 'event.event_id'],
    ],
    [
      'data that is not JSON',
      'createEvent',
      create({ eventData: "{'a':1}" }),
      ['event.event_data'],
    ],
    ['data with a raw NUL', 'createEvent', create({ eventData: '"\0"' }), ['event.event_data']],
    ['half a pair', 'createEvent', create({ eventData: '"\\ud800"' }), ['event.event_data']],
    [
      'too much data, of another stream',
      'createEvent',
      create({ eventData: `"${'x'.repeat(MAX_EVENT_BYTES)}"`, stream: 'B' }),
      ['event.stream', 'event.event_data'],
    ],
    [
      'headers of the broker',
      'createEvent',
      create({ metadata: { 'Nats-Msg-Id': 'a', 'Nats-Rollup': 'all' } }),
      ['event.metadata.Nats-Msg-Id', 'event.metadata.Nats-Rollup'],
    ],
    [
      'metadata that is long or has line breaks',
      'createEvent',
      create({ metadata: { tracestate: 'x'.repeat(513), correlation_id: 'a\r\nb' } }),
      ['event.metadata.tracestate', 'event.metadata.correlation_id'],
    ],
    [
      'metadata without end',
      'createEvent',
      create({
        metadata: Object.fromEntries(Array.from({ length: 9_000 }, (_, i) => [`k${i}`, ''])),
      }),
      ['event.metadata'],
    ],
    [
      'a reading out of range',
      'getEvents',
      read({
        stream: 'B',
        eventId: '\0',
        aggregateId: long,
        eventTypes: ['', '\n'],
        afterPosition: -1n,
        limit: 1_001,
      }),
      ['stream', 'event_id', 'aggregate_id', 'event_types[1]', 'after_position', 'limit'],
    ],
    [
      'a negative limit',
      'getEvents',
      read({ limit: -1, eventTypes: Array(101).fill('a') }),
      ['event_types', 'limit'],
    ],
    ['the head of another stream', 'getHead', { stream: 'B' }, ['stream']],
    [
      'a currency that is none',
      'settleCurrency',
      { code: 'usd', decimals: 5 },
      ['code', 'decimals'],
    ],
    [
      'a currency without its name',
      'settleCurrency',
      { code: '', decimals: -1 },
      ['code', 'decimals'],
    ],
    [
      'a checkpoint of nobody, before the log',
      'saveCheckpoint',
      { consumer: '', position: -1n, eventId: '\0', delivered: -1n, eventTypes: ['a b'] },
      ['consumer', 'position', 'event_id', 'delivered', 'event_types'],
    ],
    [
      'a checkpoint of what is no name',
      'getCheckpoint',
      { consumer: "w'; drop table events" },
      ['consumer'],
    ],
    ['no letter', 'parkDeadLetter', { letter: undefined }, ['letter']],
    [
      'a letter of nothing',
      'parkDeadLetter',
      letter({ consumer: '\0', position: 0n, deliveries: -1 }),
      ['letter.consumer', 'letter.position', 'letter.deliveries'],
    ],
    [
      'a list of letters out of range',
      'listDeadLetters',
      letters({ consumer: '\0', state: 'lost', position: -1n, eventIds: ['\0'], limit: 1_001 }),
      ['state', 'consumer', 'position', 'event_ids[0]', 'limit'],
    ],
    [
      'a replay of nothing',
      'requestReplay',
      { consumer: 'a b', position: 0n },
      ['consumer', 'position'],
    ],
    ['replays out of range', 'takeReplays', { consumer: '', limit: -1 }, ['consumer', 'limit']],
    [
      'an end of a replay of nothing',
      'resolveReplay',
      { consumer: '', position: -1n },
      ['consumer', 'position'],
    ],
  ];
  for (const [what, method, request, fields] of badInput) {
    it(`${what}: INVALID_ARGUMENT that names every field`, async () => {
      const refused = await refusal(method, request);
      assert.equal(refused.status, status.INVALID_ARGUMENT);
      assert.equal(refused.code, method === 'createEvent' ? 'invalid_event' : 'invalid_request');
      assert.deepEqual(refused.fields, fields);
    });
  }

  it('a stream of events, or of batches of them, is refused for the same reasons', async () => {
    const wrong = read({ stream: 'B', afterPosition: -1n });
    for (const stream of [client.getEventsStream(wrong), client.getEventsBatches(wrong)]) {
      stream.resume();
      const error = await new Promise<ServiceError>((resolve) =>
        stream.once('error', resolve as () => void),
      );
      const refused = told(error);
      assert.equal(refused.status, status.INVALID_ARGUMENT);
      assert.deepEqual(refused.fields, ['stream', 'after_position']);
    }
  });

  it('what the state does not allow has its status and its code', async () => {
    const sent = event();
    await call('createEvent', { event: sent, expectedVersion: 0n, lane: Lane.NEW_WORK });
    const outcome = async (method: Unary, request: unknown) => {
      const refused = await refusal(method, request);
      return [refused.status, refused.code];
    };
    const other = {
      event: { ...sent, eventData: '[]' },
      expectedVersion: undefined,
      lane: Lane.NEW_WORK,
    };
    const [kind] = await outcome('createEvent', other);
    assert.equal(kind, status.ALREADY_EXISTS);
    const stale = {
      event: { ...sent, eventId: randomUUID() },
      expectedVersion: 2n ** 63n - 1n,
      lane: Lane.NEW_WORK,
    };
    assert.deepEqual(await outcome('createEvent', stale), [status.ABORTED, 'version_conflict']);
    const beyond = {
      consumer: 'w',
      position: 2n ** 62n,
      eventId: '',
      delivered: 0n,
      eventTypes: [],
    };
    assert.deepEqual(await outcome('saveCheckpoint', beyond), [
      status.FAILED_PRECONDITION,
      'not_published',
    ]);
    assert.deepEqual(await outcome('requestReplay', beyond), [
      status.NOT_FOUND,
      'letter_not_found',
    ]);
  });

  it('the same event again has the first answer, whatever its metadata and expected version', async () => {
    const sent = event();
    const first = await call('createEvent', {
      event: sent,
      expectedVersion: 0n,
      lane: Lane.NEW_WORK,
    });
    const again = { ...sent, metadata: { correlation_id: 'x' } };
    assert.deepEqual(
      await call('createEvent', { event: again, expectedVersion: 7n, lane: Lane.NEW_WORK }),
      first,
    );
  });

  it('data comes back byte for byte', async () => {
    for (const eventData of [
      '',
      ' {"b":1, "a":1,"a":2} ',
      '"\\u0000"',
      '"\\ud83d\\ude00"',
      '1e400',
      '"😀\u2028"',
    ]) {
      const sent = event({ eventData });
      await call('createEvent', { event: sent, expectedVersion: undefined, lane: Lane.NEW_WORK });
      const found = await call<GetEventsResponse>('getEvents', read({ eventId: sent.eventId }));
      assert.equal(found.events[0]?.eventData, eventData);
    }
  });

  /** Sends appends on one stream and half closes it; resolves with the answers and how it ended. */
  function append(appends: Append[], perMessage = 100, by = client) {
    const stream = by.appendEvents();
    const results: AppendResult[] = [];
    stream.on('data', (answer: AppendEventsResponse) => results.push(...answer.results));
    return new Promise<{ results: AppendResult[]; error: ServiceError | undefined }>((resolve) => {
      stream.on('error', (error: ServiceError) => resolve({ results, error }));
      stream.on('end', () => resolve({ results, error: undefined }));
      for (let i = 0; i < appends.length; i += perMessage) {
        stream.write({ appends: appends.slice(i, i + perMessage) });
      }
      stream.end();
    });
  }

  it('each append of a stream is refused for itself, with all that is wrong with it', async () => {
    const one = event();
    const bad: [Event[], string[]][] = [
      [[], ['event']],
      [[event({ eventId: '', stream: 'B' })], ['event.stream', 'event.event_id']],
      [[event(), event()], ['events[1].aggregate_id']],
      [[one, one], ['events[1].event_id']],
      [Array(101).fill(event({ stream: '' })), ['events']],
    ];
    const good = { number: 99, events: [event()], expectedVersion: 0n, lane: Lane.NEW_WORK };
    const appends = bad.map(([events], number) => ({
      number,
      events,
      expectedVersion: undefined,
      lane: Lane.NEW_WORK,
    }));
    const { results, error } = await append([...appends, good]);
    assert.equal(error, undefined);
    const byNumber = new Map(results.map((result) => [result.number, result]));
    for (const [number, [, fields]] of bad.entries()) {
      const refused = byNumber.get(number)?.error;
      assert.deepEqual(
        [refused?.status, refused?.code],
        [status.INVALID_ARGUMENT, 'invalid_event'],
      );
      const problems = JSON.parse(refused?.trailers['error-problems'] ?? '') as { field: string }[];
      assert.deepEqual(
        problems.map(({ field }) => field),
        fields,
      );
      assert.doesNotMatch(JSON.stringify(refused), INSIDE);
    }
    assert.equal(byNumber.get(99)?.version, 1n);
  });

  it('a stream that is opened and closed without a word ends well', async () => {
    assert.deepEqual(await append([]), { results: [], error: undefined });
  });

  it('more appends in one message than are served at once are all answered', async () => {
    const empty = Array.from({ length: 6_000 }, (_, number) => ({
      number,
      events: [],
      expectedVersion: undefined,
      lane: Lane.NEW_WORK,
    }));
    const { results } = await append(empty, 6_000);
    assert.equal(new Set(results.map(({ number }) => number)).size, 6_000);
  });

  it('a message of more elements than memory has room for is refused before it is decoded', async () => {
    const nothing: Append = {
      number: 0,
      events: [],
      expectedVersion: undefined,
      lane: Lane.NEW_WORK,
    };
    const { error } = await append(Array(150_000).fill(nothing), 150_000);
    assert.ok(error !== undefined);
    const refused = told(error);
    assert.deepEqual(
      [refused.status, refused.code],
      [status.INVALID_ARGUMENT, 'too_many_elements'],
    );
    const types = read({ eventTypes: Array(150_000).fill('') });
    assert.equal((await refusal('getEvents', types)).code, 'too_many_elements');
    const positions = read({ positions: Array(1_000_000).fill(1n) });
    assert.equal((await refusal('getEvents', positions)).code, 'too_many_elements');
    const many = read({ positions: Array(1_001).fill(1n) });
    assert.equal((await refusal('getEvents', many)).code, 'invalid_request');
    const aggregate = { aggregateType: 'order', aggregateId: 'a' };
    const aggregates = (count: number) => ({
      stream: '',
      aggregates: Array(count).fill(aggregate),
    });
    const refusedRead = async (count: number) =>
      (await refusal('getAggregates', aggregates(count))).code;
    assert.equal(await refusedRead(150_000), 'too_many_elements');
    assert.equal(await refusedRead(129), 'invalid_request');
  });

  it('who floods and reads nothing is held back, and others are served', async () => {
    const flooding: ClientDuplexStream<AppendEventsRequest, AppendEventsResponse> =
      client.appendEvents();
    flooding.on('error', () => {});
    let sent = 0;
    let flushed = 0;
    const appends = Array.from({ length: 1_000 }, (_, number) => ({
      number,
      events: [],
      expectedVersion: undefined,
      lane: Lane.NEW_WORK,
    }));
    const more = () => {
      sent++;
      flooding.write({ appends }, () => {
        flushed++;
        if (sent < 2_000) more();
      });
    };
    for (let i = 0; i < 4; i++) more();
    let seen = -1;
    let still = 0;
    await eventually('it is held back', () => {
      still = flushed === seen ? still + 1 : 0;
      seen = flushed;
      return still > 4;
    });
    assert.ok(flushed < 500, `${flushed} messages were taken`);
    await call('createEvent', create({}));
    flooding.cancel();
    await call('createEvent', create({}));
  });

  it('a page stays within a message however long its ids and traces are, and says where to go on', async () => {
    const aggregateId = '注'.repeat(200);
    const metadata = Object.fromEntries(
      ['traceparent', 'tracestate', 'correlation_id', 'causation_id'].map((key) => [
        key,
        'x'.repeat(512),
      ]),
    );
    const events = Array.from({ length: 1_000 }, (_, i) =>
      event({
        eventId: `${i}-${'注'.repeat(190)}`,
        aggregateId,
        aggregateType: aggregateId,
        metadata,
        eventData: `"${'x'.repeat(1_000)}"`,
      }),
    );
    const appends = Array.from({ length: 10 }, (_, i) => ({
      number: i,
      events: events.slice(i * 100, i * 100 + 100),
      expectedVersion: undefined,
      lane: Lane.NEW_WORK,
    }));
    for (const one of appends) {
      const { results } = await append([one]);
      assert.equal(results[0]?.error, undefined);
    }
    const versions: bigint[] = [];
    let pages = 0;
    for (let afterPosition: bigint | undefined = 0n; afterPosition !== undefined; pages++) {
      const page: GetEventsResponse = await call(
        'getEvents',
        read({ aggregateId, afterPosition, limit: 1_000 }),
      );
      versions.push(...page.events.map(({ version }) => version));
      afterPosition = page.nextPosition || undefined;
    }
    assert.ok(pages > 1);
    assert.deepEqual(
      versions,
      events.map((_, i) => BigInt(i + 1)),
    );
  });

  it('with its database away every method is UNAVAILABLE, and tells nothing of where it was', async () => {
    const { started, caller } = await startApp({
      EVENTSTORE_DATABASE_URL: 'postgres://orders:secret@127.0.0.1:1/none',
    });
    try {
      const requests: [Unary, unknown][] = [
        ['createEvent', create({})],
        ['getEvents', read({})],
        ['getAggregates', { stream: '', aggregates: [] }],
        ['getHead', { stream: '' }],
        [
          'saveCheckpoint',
          { consumer: 'w', position: 0n, eventId: '', delivered: 0n, eventTypes: [] },
        ],
        ['getCheckpoint', { consumer: 'w' }],
        ['listCheckpoints', {}],
        ['parkDeadLetter', letter({})],
        ['listDeadLetters', letters({})],
        ['requestReplay', { consumer: 'w', position: 1n }],
        ['takeReplays', { consumer: 'w', limit: 1 }],
        ['resolveReplay', { consumer: 'w', position: 1n }],
      ];
      await Promise.all(
        requests.map(async ([method, request]) => {
          const refused = await refusal(method, request, caller);
          assert.equal(refused.status, status.UNAVAILABLE, method);
          assert.match(String(refused.code), /^\w+_unavailable$/);
        }),
      );
    } finally {
      caller.close();
      await started.lifecycle.stop();
    }
  });

  /** Runs `during` while nobody can append: the log's head is locked by somebody else. */
  async function whileLocked(during: () => Promise<void>): Promise<void> {
    const sql = postgres(url, { max: 1 });
    try {
      const locked = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      const holding = sql.begin(async (tag) => {
        await tag`select position from log_head for update`;
        locked.resolve();
        await release.promise;
      });
      await locked.promise;
      await during().finally(release.resolve);
      await holding;
    } finally {
      await sql.end();
    }
  }

  it('a deadline that passes is DEADLINE_EXCEEDED, and sent again the event is there once', async () => {
    const sent = { event: event(), expectedVersion: undefined, lane: Lane.NEW_WORK };
    await whileLocked(async () => {
      await assert.rejects(call('createEvent', sent, client, 300), {
        code: status.DEADLINE_EXCEEDED,
      });
    });
    await call('createEvent', sent);
    const { aggregateId } = sent.event;
    const found = await call<GetEventsResponse>('getEvents', read({ aggregateId }));
    assert.deepEqual(
      found.events.map(({ version }) => version),
      [1n],
    );
  });

  it('an append is given up when its time here is up, though its batch hangs and its caller waits on', async () => {
    const { started, caller } = await startApp({ REQUEST_TIMEOUT_MS: '300' });
    try {
      await whileLocked(async () => {
        // The statement itself hangs until its own time is up, ten times as long.
        const refusal = call('createEvent', create({}), caller, 20_000).catch((error) => error);
        const refused = told((await refusal) as ServiceError);
        assert.deepEqual(
          [refused.status, refused.code],
          [status.DEADLINE_EXCEEDED, 'deadline_exceeded'],
        );
      });
    } finally {
      caller.close();
      await started.lifecycle.stop();
    }
  });

  it('appends that are given up while they wait their turn are never written, and free their place', async () => {
    const aggregateId = randomUUID();
    await whileLocked(async () => {
      // The first holds the statement; those behind it wait for their turn.
      const first = call('createEvent', create({}), client, 5_000).catch(() => undefined);
      await eventually('it waits for the lock', async () => {
        const sql = postgres(url, { max: 1 });
        const rows = await sql`
          select 1 from pg_stat_activity
          where wait_event_type = 'Lock' and datname = current_database()`;
        await sql.end();
        return rows.length > 0;
      });
      const late = Array.from({ length: 10 }, () =>
        call('createEvent', create({ aggregateId }), client, 200).catch((error) => error.code),
      );
      assert.deepEqual(new Set(await Promise.all(late)), new Set([status.DEADLINE_EXCEEDED]));
      void first;
    });
    await call('createEvent', create({}));
    const found = await call<GetEventsResponse>('getEvents', read({ aggregateId }));
    assert.deepEqual(found.events, []);
  });

  it('too much that waits is RESOURCE_EXHAUSTED with a time to wait, and what waited is written', async () => {
    const { started, caller } = await startApp({ MAX_EVENT_BYTES: '900000' });
    try {
      const eventData = `"${'x'.repeat(890_000)}"`;
      let outcomes: Promise<unknown>[] = [];
      await whileLocked(async () => {
        outcomes = Array.from({ length: 90 }, () =>
          call('createEvent', create({ eventData }), caller).catch((error) => error),
        );
        const refused = told((await Promise.any(outcomes.map(refusedFirst))) as ServiceError);
        assert.deepEqual(
          [refused.status, refused.code],
          [status.RESOURCE_EXHAUSTED, 'too_many_appends'],
        );
        assert.ok(Number(refused.trailers['error-retry-after-ms']) > 0);
      });
      const answers = await Promise.all(outcomes);
      assert.ok(answers.some((answer) => !(answer instanceof Error)));
    } finally {
      caller.close();
      await started.lifecycle.stop();
    }
  });

  it('one stream of large appends leaves room for the appends of others', async () => {
    const { started, caller } = await startApp({ MAX_EVENT_BYTES: '900000' });
    try {
      const eventData = `"${'x'.repeat(890_000)}"`;
      const flooding = caller.appendEvents();
      flooding.on('error', () => {});
      flooding.resume();
      let flushed = 0;
      let other: Promise<unknown> = Promise.resolve();
      await whileLocked(async () => {
        for (let number = 0; number < 100; number++) {
          const one = {
            number,
            events: [event({ eventData })],
            expectedVersion: undefined,
            lane: Lane.NEW_WORK,
          };
          flooding.write({ appends: [one] }, () => flushed++);
        }
        let seen = -1;
        let still = 0;
        await eventually('it is held back, or all was taken', () => {
          still = flushed === seen ? still + 1 : 0;
          seen = flushed;
          return still > 4 || flushed === 100;
        });
        other = call('createEvent', create({ eventData }), caller);
        // While the lock is held only a refusal can come.
        await Promise.race([other, call('getHead', { stream: '' }, caller)]);
      });
      await other;
      flooding.cancel();
    } finally {
      caller.close();
      await started.lifecycle.stop();
    }
  });

  async function refusedFirst(outcome: Promise<unknown>): Promise<unknown> {
    const answer = await outcome;
    assert.ok(answer instanceof Error);
    return answer;
  }
});
