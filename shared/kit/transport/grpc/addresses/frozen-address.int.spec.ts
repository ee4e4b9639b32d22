import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import {
  EventStoreClient,
  type EventStoreServer,
  EventStoreService,
} from '../../../../../proto/gen/eventstore.ts';
import { type FaultyWire, faultyWire } from '../../../../../stack/faulty-wire.ts';
import { eventually } from '../../../../testing/eventually.ts';
import { background } from '../../../context.ts';
import { silentLogger } from '../../../logger.ts';
import { callUnary, channelTo, type GrpcServer, grpcServer, unary } from '../grpc-server.ts';

const call = { name: 'eventstore.EventStore/GetHead', timeoutMs: 500 };

describe('of two servers, one that keeps its connections and answers nothing', function suite() {
  this.timeout(60_000);
  const servers: GrpcServer[] = [];
  let wire: FaultyWire;
  let client: EventStoreClient;

  after(async () => {
    client?.close();
    await wire?.stop();
    await Promise.all(servers.map((server) => server.stop?.()));
  });

  async function serve(number: number): Promise<number> {
    const implementation = {
      getHead: unary({
        ...call,
        decode: () => undefined,
        endpoint: async () => ({ position: BigInt(number) }),
        encode: (head: { position: bigint }) => head,
      }),
    } as unknown as EventStoreServer;
    const server = grpcServer({
      host: '127.0.0.1',
      port: 0,
      services: [{ definition: EventStoreService, implementation }],
      logger: silentLogger,
    });
    servers.push(server);
    await server.start?.();
    return server.port();
  }

  /** Who answers this many calls; undefined for each that nobody does. */
  async function answers(count: number): Promise<readonly (number | undefined)[]> {
    const ask = client.getHead.bind(client);
    const all = Array.from({ length: count }, () =>
      callUnary(ask, { stream: 'S' }, background(), call).then(
        ({ position }) => Number(position),
        () => undefined,
      ),
    );
    return Promise.all(all);
  }
  const only = (...wanted: readonly (number | undefined)[]) =>
    eventually(
      `answers of ${wanted}`,
      async () => {
        const seen = new Set(await answers(10));
        if (seen.size === wanted.length && wanted.every((one) => seen.has(one))) return true;
        throw new Error([...seen].join(', '));
      },
      // Without pings of its own a channel needs 25 seconds.
      15_000,
    );

  it('is left out, without anybody who replaces the channel, and is asked again when it goes on', async () => {
    wire = await faultyWire({ target: { port: await serve(0) } });
    const { target, options } = channelTo(`${wire.address},127.0.0.1:${await serve(1)}`);
    client = new EventStoreClient(target, credentials.createInsecure(), options);
    await only(0, 1);
    await Promise.all([wire.stall({ way: 'toTarget' }), wire.stall({ way: 'toClient' })]);
    assert.ok((await answers(10)).includes(undefined), 'nobody knows yet');
    await only(1);
    wire.pass();
    await only(0, 1);
  });
});
