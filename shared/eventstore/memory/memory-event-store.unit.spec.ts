import { eventStoreContract } from '../../testing/event-store-contract.ts';
import { createMemoryEventStore } from './memory-event-store.ts';

describe('the event store in memory', () => {
  const store = createMemoryEventStore({ stream: 'PARCELS' });
  eventStoreContract(() => store, 'PARCELS');
});
