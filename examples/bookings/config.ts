/** The settings of the two processes: `make start` tells them these variables, and no others. */
import { z } from 'zod';
import { processSettings, workerSettings } from '../../shared/eventstore/worker/worker-settings.ts';
import { serviceSettings, setting } from '../../shared/kit/process/config.ts';
import { authSettings } from '../../shared/kit/transport/http/callers/auth-settings.ts';

const BOOKINGS_DATABASE_URL = setting.databaseUrl('postgres://bookings@127.0.0.1:26257/bookingsdb');

export const counter = z.object({
  ...serviceSettings({ serviceName: 'bookingsvc', adminPort: 9101 }),
  ...authSettings(),
  HTTP_PORT: setting.port(3000),
  EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
  BOOKINGS_DATABASE_URL,
  CURRENCY: setting.currency('USD'),
});

const defaults = { serviceName: 'frontdesk', adminPort: 9102 };

export const desk = z.object({
  ...workerSettings(defaults),
  ...processSettings(defaults),
  BOOKINGS_DATABASE_URL,
  /** How long a room is held for a guest who has not paid. */
  HOLD_MS: setting.milliseconds(60_000, { min: 1 }),
});
