/** Our clients ask an idle connection whether it lives; our servers must not take that for a flood. */
import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import { EventStoreClient, EventStoreService } from '../../../../proto/gen/eventstore.ts';
import { eventually } from '../../../testing/eventually.ts';
import { background } from '../../context.ts';
import { silentLogger } from '../../logger.ts';
import { callUnary, channelOptions, type GrpcServer, grpcServer, unary } from './grpc-server.ts';
import { grpcLimits } from './limits.ts';

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
const PING = 6;
const GOAWAY = 7;
const ACK = 1;

interface Frame {
  readonly type: number;
  readonly flags: number;
}

/** Calls `seen` with each HTTP/2 frame that comes by, the first `skip` bytes being none. */
function frames(skip: number, seen: (frame: Frame) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let preface = skip;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    if (rest.length < preface) return;
    rest = rest.subarray(preface);
    preface = 0;
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUIntBE(0, 3);
      if (rest.length < end) return;
      seen({ type: rest.readUInt8(3), flags: rest.readUInt8(4) });
      rest = rest.subarray(end);
    }
  };
}

/** What went over a wire, counted. */
interface Wire {
  readonly server: Server;
  connections: number;
  /** Pings of the client, and the server's answers to them. */
  pings: number;
  answers: number;
  goAways: number;
}

/** A wire to `port` that is listened in on. */
async function tapped(port: number): Promise<Wire> {
  const wire = { connections: 0, pings: 0, answers: 0, goAways: 0 };
  const server = createServer((near: Socket) => {
    wire.connections++;
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on(
      'data',
      frames(PREFACE_BYTES, ({ type, flags }) => {
        if (type === PING && flags !== ACK) wire.pings++;
      }),
    );
    far.on(
      'data',
      frames(0, ({ type, flags }) => {
        if (type === PING && flags === ACK) wire.answers++;
        if (type === GOAWAY) wire.goAways++;
      }),
    );
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(wire, { server });
}

describe('gRPC keepalive', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  it('of our clients, without calls and far more often than they do it, is answered and never taken for too many pings', async () => {
    const server: GrpcServer = grpcServer({
      host: '127.0.0.1',
      port: 0,
      logger: silentLogger,
      services: [
        {
          definition: EventStoreService,
          implementation: {
            getHead: unary({
              name: 'GetHead',
              decode: () => undefined,
              endpoint: async () => 7n,
              encode: (position: bigint) => ({ position }),
            }),
          },
        },
      ],
    });
    await server.start?.();
    cleanups.push(() => server.stop?.());
    const wire = await tapped(server.port());
    cleanups.push(() => wire.server.close());
    const { port } = wire.server.address() as { port: number };
    const client = new EventStoreClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
      ...channelOptions,
      'grpc.keepalive_time_ms': 5,
    });
    cleanups.push(() => client.close());
    const getHead = () =>
      callUnary(client.getHead.bind(client), { stream: '' }, background(), {
        name: 'GetHead',
        timeoutMs: 5_000,
      });

    await getHead();
    // As many as our clients send in half an hour, and fifty times the two strikes of other servers.
    await eventually('the idle client has asked often', () => wire.answers >= 100);
    await getHead();
    assert.equal(wire.goAways, 0);
    assert.equal(wire.connections, 1);
  });

  it('finds a dead server within the time that servers have for dead clients', () => {
    const after = (options: Record<string, unknown>) =>
      Number(options['grpc.keepalive_time_ms']) + Number(options['grpc.keepalive_timeout_ms']);
    assert.equal(channelOptions['grpc.keepalive_permit_without_calls'], 1);
    assert.ok(
      after({ ...channelOptions }) <= grpcLimits.keepaliveMs + grpcLimits.keepaliveTimeoutMs,
    );
  });
});
