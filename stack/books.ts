import type { AuditAddresses } from '../cli/audit/connect.ts';
import type { Stack } from './stack.ts';

/** Where an audit finds the books of `stack`, without any wire in between. */
export const booksOf = ({
  addresses,
  eventStoreTls,
}: Pick<Stack, 'addresses' | 'eventStoreTls'>): AuditAddresses => ({
  eventStore: addresses.EVENTSTORE_ADDRESS,
  eventStoreTls: eventStoreTls(),
  natsUrl: addresses.NATS_URL,
  ordersDatabaseUrl: addresses.ORDERS_DATABASE_URL,
  paymentsDatabaseUrl: addresses.PAYMENTS_DATABASE_URL,
  sagaDatabaseUrl: addresses.SAGA_DATABASE_URL,
});
