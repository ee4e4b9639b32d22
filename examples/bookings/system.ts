/** What `make start EXAMPLE=bookings` runs. */

import { variablesOf } from '../../shared/kit/process/own-environment.ts';
import type { Example } from '../../stack/example.ts';
import { type ServiceRow, services } from '../../stack/services.ts';
import { counter, desk } from './config.ts';
import { durables } from './process.ts';
import { rights } from './rights.ts';

const database = { variable: 'BOOKINGS_DATABASE_URL', name: 'bookingsdb', owner: 'bookings' };
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
      variables: variablesOf(counter),
      serves: { variable: 'HTTP_PORT', port: 3000, path: '/api/bookings' },
    }),
    row('frontdesk', 9102, {
      variables: variablesOf(desk),
      needs: ['EVENTSTORE_ADDRESS', 'NATS_URL'],
      nats: { durables: [durables.cashier, durables.view] },
    }),
  ],
  rights,
  environment: { eventstoresvc: { STREAMS: 'BOOKINGS' }, bootstrapper: { STREAMS: 'BOOKINGS' } },
};
