/** The counter: holds rooms, and shows how a night stands. */
import { z } from 'zod';
import * as composition from '../../services/composition.ts';
import { endpointsOf } from '../../shared/kit/endpoints-of.ts';
import { requestMiddleware } from '../../shared/kit/middleware/onions.ts';
import * as settings from '../../shared/kit/process/config.ts';
import { runService } from '../../shared/kit/process/run-service.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import { httpServerTrace } from '../../zipkin/http.ts';
import { bookingService } from './bookings.ts';
import { BOOKINGS } from './events.ts';
import { schema, sqlNightsView } from './nights-view.ts';
import { bookingRoutes } from './routes.ts';

const { setting } = settings;
const environment = z.object({
  ...settings.serviceSettings({ serviceName: 'bookingsvc', adminPort: 9101 }),
  HTTP_PORT: setting.port(3000),
  EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
  BOOKINGS_DATABASE_URL: setting.databaseUrl('postgres://orders@127.0.0.1:26257/bookingsdb'),
  CURRENCY: setting.currency('USD'),
});

await runService(() => {
  const read = settings.loadConfig(environment);
  const { EVENTSTORE_ADDRESS: eventStoreAddress, BOOKINGS_DATABASE_URL: url } = read;
  const config = { ...settings.serviceConfig(read), eventStoreAddress, currency: read.CURRENCY };
  const container = composition.createServiceContainer(config);
  composition.bindDatabase(container, { ...config, databaseUrl: url, databasePoolSize: 4 }, 4_000);
  composition.bindEventStore(container, config, 4_000, BOOKINGS);
  const database = container.get(composition.common.database);
  const store = container.get(composition.common.store);
  const logger = container.get(composition.common.logger);
  const { tracer } = container.get(composition.common.tracing);

  const endpoints = endpointsOf(
    bookingService(store, sqlNightsView(database)),
    { hold: 'hold_room', nights: 'list_nights' },
    (name) => requestMiddleware({ ...composition.onionOf(container, name), timeoutMs: 5_000 }),
  );
  return composition.assemble(container, config, [
    schema(url, logger),
    database,
    store,
    httpServer({
      host: config.bindAddress,
      port: read.HTTP_PORT,
      routes: bookingRoutes(endpoints),
      hook: httpServerTrace(tracer),
      logger,
    }),
  ]);
});
