/** Behind the counter: takes payments, books or frees what is held, and keeps the view. */
import * as composition from '../../services/composition.ts';
import { type Answers, type Happened, handlesOf } from '../../shared/eventstore/worker/handles.ts';
import { processConfig, workerConfig } from '../../shared/eventstore/worker/worker-settings.ts';
import type { Context } from '../../shared/kit/context.ts';
import { deadlineMiddleware } from '../../shared/kit/middleware/onions.ts';
import { loadConfig } from '../../shared/kit/process/config.ts';
import { runService } from '../../shared/kit/process/run-service.ts';
import { jetstreamAnswers } from '../../shared/kit/transport/jetstream/answering.ts';
import { sqlDeadlines } from '../../shared/process-manager/deadlines.ts';
import { gatheredWrites } from '../../shared/process-manager/gathered-writes.ts';
import { groupedWrites } from '../../shared/process-manager/grouped-writes.ts';
import { processClock } from '../../shared/process-manager/process-clock.ts';
import { processManager } from '../../shared/process-manager/process-manager.ts';
import { usualCase } from '../../shared/process-manager/usual-case.ts';
import { continueTrace } from '../../zipkin/propagation.ts';
import { cashier } from './cashier.ts';
import { desk } from './config.ts';
import { BOOKINGS, codec, types } from './events.ts';
import type { NightEvent } from './night.ts';
import { schema, sqlNightsView } from './nights-view.ts';
import { booking, durables } from './process.ts';

await runService(() => {
  const read = loadConfig(desk);
  const config = {
    ...processConfig(read),
    ...workerConfig(read),
    databaseUrl: read.BOOKINGS_DATABASE_URL,
  };
  const { attemptTimeoutMs: timeoutMs, eventStoreTimeoutMs } = config;
  const container = composition.createServiceContainer(config);
  composition.bindDatabase(container, { ...config, databasePoolSize: 8 }, 4_000);
  composition.bindNats(container, config);
  composition.bindEventStore(container, config, eventStoreTimeoutMs, BOOKINGS);
  const database = container.get(composition.common.database);
  const nats = container.get(composition.common.nats);
  const store = container.get(composition.common.store);
  const logger = container.get(composition.common.logger);

  const process = booking(read.HOLD_MS);
  const deadlines = sqlDeadlines<'hold'>(database);
  const writes = gatheredWrites(groupedWrites(deadlines), config.gatherMs);
  const manager = processManager(process, store, writes);
  const handles = (consumer: string, answers: Answers<NightEvent>) => {
    const concerns = composition.workerConcerns(container, { consumer, timeoutMs });
    return handlesOf({ types, codec, concerns }, answers);
  };
  const worker = (consumer: string, answers: Answers<NightEvent>) =>
    composition.workerOf(container, config, consumer, handles(consumer, answers), BOOKINGS);
  const all = <T>(answer: T) => ({
    held: answer,
    paid: answer,
    confirmed: answer,
    released: answer,
  });
  const follow = (ctx: Context, { recorded }: Happened<NightEvent>) =>
    manager.follow(ctx, recorded);
  const follows = {
    handles: handles(durables.frontdesk, all(['follow_night', follow])),
    usual: usualCase(process, writes),
  };
  const firing = { ...composition.onionOf(container, 'fire_deadline'), timeoutMs };

  return composition.assemble(container, config, [
    schema(config.databaseUrl, logger),
    database,
    nats,
    store,
    worker(durables.cashier, { held: ['take_payment', cashier(store)] }),
    composition.followerOf(container, config, durables.frontdesk, follows, BOOKINGS),
    worker(durables.view, all(['show_night', sqlNightsView(database).show])),
    processClock(process, deadlineMiddleware(firing)(manager.fire), {
      store,
      consumer: durables.frontdesk,
      deadlines,
      broker: async (names) => jetstreamAnswers(await nats.connection(), BOOKINGS.stream, names),
      continued: continueTrace,
      maxFiring: 16,
      pollMs: 250,
      logger,
    }),
  ]);
});
