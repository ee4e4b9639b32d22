/** What `make start EXAMPLE=bookings` runs. */
import type { Example } from '../../stack/example.ts';
import { type ServiceRow, services } from '../../stack/services.ts';

const database = { variable: 'BOOKINGS_DATABASE_URL', name: 'bookingsdb' };
const row = (name: string, adminPort: number, more: Partial<ServiceRow>): ServiceRow => ({
  name,
  adminPort,
  database,
  needs: ['EVENTSTORE_ADDRESS'],
  main: `examples/bookings/${name}.ts`,
  ...more,
});

export const system: Example = {
  rows: [
    ...services.filter(({ name }) => name === 'eventstoresvc'),
    row('bookingsvc', 9101, {
      serves: { variable: 'HTTP_PORT', port: 3000, path: '/api/bookings' },
    }),
    row('frontdesk', 9102, { needs: ['EVENTSTORE_ADDRESS', 'NATS_URL'] }),
  ],
  environment: { eventstoresvc: { STREAMS: 'BOOKINGS' }, bootstrapper: { STREAMS: 'BOOKINGS' } },
};
