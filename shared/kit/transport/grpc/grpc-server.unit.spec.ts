import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { Client, credentials, makeClientConstructor, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { service as healthDefinition } from 'grpc-health-check';
import {
  type Event,
  EventStoreClient,
  EventStoreService,
  type GetEventsRequest,
} from '../../../../proto/gen/eventstore.ts';
import { background, type Context, withSignal, withTimeLeft } from '../../context.ts';
import type { Endpoint } from '../../endpoint.ts';
import { CodedError, codedError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import type { Hook, Outcome } from '../hooks.ts';
import {
  callServerStream,
  callUnary,
  channelOptions,
  type GrpcCarrier,
  type GrpcServerOptions,
  grpcServer,
  serverStream,
  unary,
} from './grpc-server.ts';

const protoPath = join(import.meta.dirname, '../../../../proto/eventstore.proto');
const name = 'eventstore.EventStore/GetHead';
const streamName = 'eventstore.EventStore/GetEventsStream';
const everything: GetEventsRequest = {
  eventId: '',
  aggregateId: '',
  aggregateType: '',
  stream: '',
  eventTypes: [],
  positions: [],
  afterPosition: 0n,
  afterEventId: '',
  limit: 0,
  follow: false,
  gatherMs: 0,
  withoutMetadata: false,
};

/** Notes how each call ended, and what was carried. */
function noting(write: Record<string, string> = {}) {
  const outcomes: Outcome[] = [];
  const carried: (string | undefined)[] = [];
  const hook: Hook<GrpcCarrier> = {
    before: (ctx, wire) => {
      for (const [key, value] of Object.entries(write)) wire.set(key, value);
      carried.push(wire.get('traceparent'));
      return ctx;
    },
    after: (_ctx, _wire, outcome) => outcomes.push(outcome),
  };
  return { hook, outcomes, carried };
}

describe('gRPC transport', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  interface Served {
    readonly head?: Endpoint<string, bigint>;
    readonly events?: Endpoint<undefined, AsyncIterable<Event>>;
    readonly hook?: Hook<GrpcCarrier>;
    readonly options?: Partial<GrpcServerOptions>;
  }

  async function serve({ head, events, hook, options }: Served) {
    const server = grpcServer({
      host: '127.0.0.1',
      port: 0,
      logger: silentLogger,
      drainMs: 1000,
      protoPath,
      services: [
        {
          definition: EventStoreService,
          implementation: {
            getHead: unary({
              name,
              decode: (request: { stream: string }) => request.stream,
              endpoint: head ?? (async () => 0n),
              encode: (position) => ({ position }),
              ...(hook && { hook }),
            }),
            getEventsStream: serverStream({
              name: streamName,
              decode: () => undefined,
              endpoint: events ?? (async () => (async function* () {})()),
              encode: (event) => event,
              ...(hook && { hook }),
            }),
          },
        },
      ],
      ...options,
    });
    await server.start?.();
    const address = `127.0.0.1:${server.port()}`;
    const client = new EventStoreClient(address, credentials.createInsecure(), channelOptions);
    cleanups.push(
      () => server.stop?.(),
      () => client.close(),
    );
    return { server, client, address };
  }

  const getHead = (client: EventStoreClient, ctx: Context, settings = {}) =>
    callUnary(client.getHead.bind(client), { stream: 'PARCELS' }, ctx, {
      name,
      timeoutMs: 5000,
      ...settings,
    });

  const getEvents = (client: EventStoreClient, ctx: Context, settings = {}) =>
    callServerStream(client.getEventsStream.bind(client), everything, ctx, {
      name: streamName,
      timeoutMs: 5000,
      ...settings,
    });

  const refused = (kind: string, code: string) => (error: unknown) =>
    error instanceof CodedError && error.kind === kind && error.code === code;

  it('decodes, calls the endpoint, encodes', async () => {
    const { client } = await serve({ head: async (_ctx, stream) => BigInt(stream.length) });
    assert.deepEqual(await getHead(client, background()), { position: 7n });
  });

  it('deadline, correlation and cause come across', async () => {
    let seen: Context | undefined;
    const { client } = await serve({
      head: async (ctx) => {
        seen = ctx;
        return 0n;
      },
    });
    const ctx = withTimeLeft({ ...background('correlation'), causationId: 'cause' }, 3_000);
    await getHead(client, ctx);
    assert.deepEqual([seen?.correlationId, seen?.causationId], ['correlation', 'cause']);
    assert.ok(Math.abs((seen?.deadline ?? 0) - (ctx.deadline ?? 0)) < 500);
  });

  it('an id that no header can hold does not break the call', async () => {
    const { client } = await serve({});
    await getHead(client, background('line\nbreak — and more'));
  });

  it('a refusal comes back as it was thrown, with its fields', async () => {
    const problems = [{ field: 'stream', message: 'is not configured' }];
    const { client } = await serve({
      head: async () => {
        throw new CodedError('invalid', 'unknown_stream', 'There is no such stream.', { problems });
      },
    });
    await assert.rejects(getHead(client, background()), (error: CodedError) => {
      assert.deepEqual([error.kind, error.code], ['invalid', 'unknown_stream']);
      assert.equal(error.message, 'There is no such stream.');
      assert.deepEqual(error.problems, problems);
      return true;
    });
  });

  it('hooks carry metadata across, and hear once how each call ended', async () => {
    const served = noting();
    const called = noting({ traceparent: 'tp' });
    const { client } = await serve({
      hook: served.hook,
      head: async () => {
        throw new CodedError('conflict', 'moved', 'It moved.');
      },
    });
    await assert.rejects(getHead(client, background(), { hook: called.hook }));
    assert.deepEqual(served.carried, ['tp']);
    for (const { outcomes } of [served, called]) {
      assert.deepEqual(
        outcomes.map((outcome) => outcome.status),
        [10],
      );
      assert.equal(codedError(outcomes[0]?.error).code, 'moved');
    }
  });

  it('a hook that throws neither fails a call nor ends the process', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name, message }: Error) => {
      if (name === 'HookWarning') warnings.push(message);
    };
    process.on('warning', onWarning);
    cleanups.push(() => process.off('warning', onWarning));
    const fault = () => {
      throw new Error('a fault in tracing');
    };
    const { client } = await serve({
      head: async () => 7n,
      hook: { before: fault, after: fault },
    });
    assert.deepEqual(await getHead(client, background()), { position: 7n });
    for await (const _ of getEvents(client, background())) assert.fail('there are none');
    await turn();
    assert.deepEqual(warnings, Array(4).fill('Error: a fault in tracing'));
  });

  it('a call that takes too long is a timeout, and the server hears of it', async () => {
    const gone = Promise.withResolvers<void>();
    let quick = true;
    const { client } = await serve({
      head: async (ctx) => {
        if (quick) return 0n;
        if (!ctx.signal.aborted) await once(ctx.signal, 'abort');
        gone.resolve();
        return 0n;
      },
    });
    // Connected first: a server that a call does not reach in time hears of nothing.
    await getHead(client, background());
    quick = false;
    const call = getHead(client, background(), { timeoutMs: 500 });
    await assert.rejects(call, refused('timeout', 'deadline_exceeded'));
    await gone.promise;
  });

  it('a caller that gives up cancels the call, and the server hears of it', async () => {
    const entered = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const { client } = await serve({
      head: async (ctx) => {
        entered.resolve();
        await once(ctx.signal, 'abort');
        gone.resolve();
        return 0n;
      },
    });
    const caller = new AbortController();
    const call = getHead(client, withSignal(background(), caller.signal));
    await entered.promise;
    caller.abort();
    await assert.rejects(call, refused('cancelled', 'cancelled'));
    await gone.promise;
    const late = getHead(client, withSignal(background(), caller.signal));
    await assert.rejects(late, refused('cancelled', 'cancelled'));
  });

  it('a server that is away is unavailable', async () => {
    const { client, server } = await serve({});
    await server.stop?.();
    await assert.rejects(getHead(client, background()), refused('unavailable', 'unavailable'));
  });

  it('a server that goes away under a call is unavailable', async () => {
    const entered = Promise.withResolvers<void>();
    const { client, server } = await serve({
      head: async (ctx) => {
        entered.resolve();
        await once(ctx.signal, 'abort');
        return 0n;
      },
      options: { drainMs: 20 },
    });
    const call = assert.rejects(
      getHead(client, background()),
      refused('unavailable', 'unavailable'),
    );
    await entered.promise;
    await server.stop?.();
    await call;
  });

  const event = (position: bigint, data = ''): Event => ({
    eventId: '',
    eventType: '',
    aggregateId: '',
    aggregateType: '',
    eventData: data,
    stream: '',
    version: 0n,
    position,
    createdAt: undefined,
    metadata: {},
  });

  it('a stream comes through whole and in order', async () => {
    const { client } = await serve({
      events: async () =>
        (async function* () {
          for (let i = 1n; i <= 5000n; i++) yield event(i);
        })(),
    });
    let last = 0n;
    for await (const { position } of getEvents(client, background())) {
      assert.equal(position, last + 1n);
      last = position;
    }
    assert.equal(last, 5000n);
  });

  it('a stream is not read faster than its reader reads, and is closed when that leaves', async () => {
    let made = 0n;
    const closed = Promise.withResolvers<void>();
    const served = noting();
    const { client } = await serve({
      hook: served.hook,
      events: async () =>
        (async function* () {
          try {
            while (made < 8000n) {
              yield event(++made, 'x'.repeat(10_000));
              await turn();
            }
          } finally {
            closed.resolve();
          }
        })(),
    });
    for await (const { position } of getEvents(client, background())) {
      if (position === 1n) {
        // Wait until the source stands still: it is held back by the unread stream.
        for (let seen = -1n; seen !== made; ) {
          seen = made;
          await sleep(50);
        }
        assert.ok(made < 5000n, `${made} were made though one was read`);
      }
      if (position === 2n) break;
    }
    await closed.promise;
    while (served.outcomes.length === 0) await turn();
    assert.equal(served.outcomes.length, 1);
  });

  it('a stream that fails ends with the error, after what came before', async () => {
    const { client } = await serve({
      events: async () =>
        (async function* () {
          yield event(1n);
          throw new CodedError('unavailable', 'database_unavailable', 'Away.');
        })(),
    });
    const seen: bigint[] = [];
    await assert.rejects(
      async () => {
        for await (const { position } of getEvents(client, background())) seen.push(position);
      },
      refused('unavailable', 'database_unavailable'),
    );
    assert.deepEqual(seen, [1n]);
  });

  it('a message beyond the limit is refused', async () => {
    const { client } = await serve({ options: { limits: { maxMessageBytes: 1000 } } });
    const call = callUnary(
      client.getHead.bind(client),
      { stream: 'x'.repeat(2000) },
      background(),
      {
        name,
        timeoutMs: 5000,
      },
    );
    await assert.rejects(call, (error) => error instanceof CodedError);
  });

  it('tells its health, and describes itself', async () => {
    const { address } = await serve({});
    const call = async (definition: object, method: string, request: object) => {
      const Constructor = makeClientConstructor(definition as typeof healthDefinition, 'x');
      const client = new Constructor(address, credentials.createInsecure()) as Client &
        Record<
          string,
          (request: object, callback: (error: unknown, answer: unknown) => void) => void
        >;
      cleanups.push(() => client.close());
      return new Promise((resolve, reject) =>
        client[method]?.(request, (error, answer) => (error ? reject(error) : resolve(answer))),
      );
    };
    for (const service of ['', 'eventstore.EventStore']) {
      const health = await call(healthDefinition, 'check', { service });
      assert.deepEqual(health, { status: 'SERVING' });
    }
    await assert.rejects(call(healthDefinition, 'check', { service: 'other.Service' }), {
      code: status.NOT_FOUND,
    });
    assert.ok(loadSync(protoPath)['eventstore.EventStore']);
  });

  it('answers a health check whose bytes are no message with an error', async () => {
    const { address } = await serve({});
    const client = new Client(address, credentials.createInsecure());
    cleanups.push(() => client.close());
    const same = (bytes: Buffer) => bytes;
    const asked = new Promise((resolve) => {
      const path = '/grpc.health.v1.Health/Check';
      client.makeUnaryRequest(path, same, same, Buffer.from([0xff, 0xff]), resolve);
    });
    assert.equal(((await asked) as { code: number }).code, status.INVALID_ARGUMENT);
  });

  it('a second stop is harmless, and a taken port is named', async () => {
    const { server } = await serve({});
    const second = grpcServer({
      host: '127.0.0.1',
      port: server.port(),
      services: [],
      logger: silentLogger,
    });
    await assert.rejects(async () => second.start?.(), /gRPC cannot listen on 127\.0\.0\.1:\d+/);
    await second.stop?.();
    await Promise.all([server.stop?.(), server.stop?.()]);
    await server.stop?.();
  });
});
