/** The lane of an append, from the client to the service: what is lost on the way would only be seen under load. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { EventStoreClient, Lane as WireLane } from '../../../proto/gen/eventstore.ts';
import type { Lane } from '../../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../../shared/eventstore/grpc/grpc-event-store.ts';
import { newEventToWire } from '../../../shared/eventstore/grpc/wire.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { nop } from '../../../shared/kit/endpoint.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { grpcServer } from '../../../shared/kit/transport/grpc/grpc-server.ts';
import { noHook } from '../../../shared/kit/transport/hooks.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { createEndpoints } from '../endpoints.ts';
import { createGrpcService } from '../transport-grpc.ts';

const protoPath = fileURLToPath(new URL('../../../proto/eventstore.proto', import.meta.url));

describe('the lane of an append', () => {
  const heard: (Lane | undefined)[] = [];
  const memory = createMemoryEventStore({ stream: 'ORDERS' });
  const store: typeof memory = {
    ...memory,
    append: (ctx, { events, expectedVersion: expected, lane }) => {
      heard.push(lane);
      return memory.append(ctx, { events, expectedVersion: expected, lane });
    },
  };
  const service = createGrpcService(
    createEndpoints(store, () => nop),
    'ORDERS',
    noHook,
    1_000,
  );
  const server = grpcServer({
    host: '127.0.0.1',
    port: 0,
    services: [service],
    protoPath,
    logger: silentLogger,
  });
  before(() => server.start?.());
  after(async () => {
    service.stopStreams();
    await server.stop?.();
  });
  beforeEach(() => {
    heard.length = 0;
  });

  it('over the stream of our client is the one that was named, and new work where none was', async () => {
    const client = createGrpcEventStore({
      address: `127.0.0.1:${server.port()}`,
      stream: 'ORDERS',
      timeoutMs: 5_000,
      logger: silentLogger,
    });
    try {
      await client.append(background(), {
        events: [anEvent()],
        expectedVersion: undefined,
        lane: 'answers',
      });
      await client.append(background(), {
        events: [anEvent()],
        expectedVersion: undefined,
        lane: 'new work',
      });
      await client.append(background(), { events: [anEvent()] });
      assert.deepEqual(heard, ['answers', 'new work', 'new work']);
    } finally {
      await client.stop?.();
    }
  });

  it('of one event is the one that was named', async () => {
    const client = new EventStoreClient(`127.0.0.1:${server.port()}`, credentials.createInsecure());
    try {
      const request = {
        event: newEventToWire(anEvent(), 'ORDERS'),
        expectedVersion: undefined,
        lane: WireLane.ANSWERS,
      };
      await new Promise<void>((resolve, reject) => {
        client.createEvent(request, (error) => (error ? reject(error) : resolve()));
      });
      assert.deepEqual(heard, ['answers']);
    } finally {
      client.close();
    }
  });
});
