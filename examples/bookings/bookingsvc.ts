/** The counter: holds rooms, and shows how a night stands. */
import * as composition from '../../services/composition.ts';
import { endpointsOf } from '../../shared/kit/endpoints-of.ts';
import { authorize } from '../../shared/kit/middleware/authorize.ts';
import { requestMiddleware } from '../../shared/kit/middleware/onions.ts';
import { loadConfig, serviceConfig } from '../../shared/kit/process/config.ts';
import { runService } from '../../shared/kit/process/run-service.ts';
import {
  authConfig,
  configuredWhoCalls,
} from '../../shared/kit/transport/http/callers/auth-settings.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import { httpServerTrace } from '../../zipkin/http.ts';
import { bookingService } from './bookings.ts';
import { counter } from './config.ts';
import { BOOKINGS } from './events.ts';
import { schema, sqlNightsView } from './nights-view.ts';
import { bookingRoutes } from './routes.ts';
import { bookingRules } from './rules.ts';

await runService(() => {
  const read = loadConfig(counter);
  const { EVENTSTORE_ADDRESS: eventStoreAddress, BOOKINGS_DATABASE_URL: url } = read;
  const config = { ...serviceConfig(read), eventStoreAddress, currency: read.CURRENCY };
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
    (name, method) =>
      requestMiddleware({
        ...composition.onionOf(container, name),
        timeoutMs: 5_000,
        authorize: authorize(bookingRules[method]),
      }),
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
      whoCalls: configuredWhoCalls({ ...authConfig(read), mode: config.mode }, logger),
      logger,
    }),
  ]);
});
