/**
 * The event store's contract against a server that runs already, wherever it is
 * and whatever it stores in: TEST_EVENTSTORE_ADDRESS=host:port. It appends events
 * that no worker can serve, so it must be a server for this alone. Without the
 * variable there is nothing here: transport-grpc.int.spec.ts brings its own.
 */
import { createGrpcEventStore } from '../../shared/eventstore/grpc/grpc-event-store.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { eventStoreContract } from '../../shared/testing/event-store-contract.ts';

const address = process.env.TEST_EVENTSTORE_ADDRESS;

if (address) {
  describe(`the event store at ${address}`, function () {
    this.timeout(60_000);
    const store = createGrpcEventStore({
      address,
      stream: 'ORDERS',
      timeoutMs: 20_000,
      logger: silentLogger,
    });
    after(() => store.stop?.());
    eventStoreContract(() => store);
  });
}
