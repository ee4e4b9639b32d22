import assert from 'node:assert/strict';
import { silentLogger } from '../../kit/logger.ts';
import type { EventStoreConnection } from './event-store-connection.ts';
import { createGrpcEventStore } from './grpc-event-store.ts';

describe('an event store over gRPC is ready', () => {
  /** A connection whose appends the server refuses, or which is away. */
  function store(readsOnly: boolean, { away = false } = {}) {
    let opened = 0;
    const connection = {
      name: 'connection',
      link: { client: () => undefined },
      appends: {
        start: () => {
          opened += 1;
        },
        broken: () => 'not permitted',
      },
      start: async () => undefined,
      notReady: () => (away ? 'the event store at store:1 is away' : undefined),
      stop: async () => undefined,
    } as unknown as EventStoreConnection;
    const options = { address: 'store:1', stream: 'PARCELS', timeoutMs: 1_000 };
    const made = createGrpcEventStore({ ...options, logger: silentLogger, readsOnly, connection });
    return { made, opened: () => opened };
  }

  it('for who only reads, though it may append nothing: it does not even try', async () => {
    const { made, opened } = store(true);
    await made.start?.();
    assert.equal(opened(), 0);
    assert.equal(made.notReady?.(), undefined);
  });

  it('for who appends once that works, and says until then why it does not', async () => {
    const { made, opened } = store(false);
    await made.start?.();
    assert.equal(opened(), 1);
    assert.match(made.notReady?.() ?? '', /store:1 does not answer: not permitted/);
  });

  it('for nobody while it is away', () => {
    for (const readsOnly of [true, false]) {
      assert.match(store(readsOnly, { away: true }).made.notReady?.() ?? '', /is away/);
    }
  });
});
