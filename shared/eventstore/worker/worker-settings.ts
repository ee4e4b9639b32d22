import {
  type Read,
  type ServiceDefaults,
  serviceConfig,
  serviceSettings,
  setting,
} from '../../kit/process/config.ts';

const milliseconds = /^\d{1,9}$/;

/** The settings of every service that follows the log. Durations are in milliseconds. */
export function followerSettings(defaults: ServiceDefaults) {
  return {
    ...serviceSettings(defaults),
    NATS_URL: setting.natsUrl('nats://127.0.0.1:4222'),
    EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
    /** For each call to the event store. */
    EVENTSTORE_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
    CURRENCY: setting.currency('USD'),
  } as const;
}

/** The settings of every worker; spread them into its own. */
export function workerSettings(defaults: ServiceDefaults) {
  return {
    ...followerSettings(defaults),
    /** Messages held at once; aggregates are served side by side, the events of one in their order. */
    MAX_IN_FLIGHT: setting.integer(128, { min: 1, max: 10_000 }),
    /** A message without a sign of life for this long goes to another instance. */
    ACK_WAIT_MS: setting.milliseconds(30_000, { min: 1_000 }),
    /** Deliveries until a message is parked; with the delays below that is after about four minutes. */
    MAX_DELIVER: setting.integer(12, { min: 1, max: 1_000 }),
    /** Waits before the second delivery, the third, …; the last counts for all further ones. */
    RETRY_DELAYS_MS: setting
      .list(['100', '500', '2000', '10000', '30000'])
      .refine(
        (delays) => delays.length > 0 && delays.every((delay) => milliseconds.test(delay)),
        'must be numbers of milliseconds, separated by commas',
      )
      .transform((delays) => delays.map(Number)),
    /** For one attempt to answer a message; each delivery has a few. */
    ATTEMPT_TIMEOUT_MS: setting.milliseconds(10_000, { min: 100 }),
  } as const;
}

/** The values of `followerSettings` under the names that services use. */
export function followerConfig(read: Read<ReturnType<typeof followerSettings>>) {
  return {
    ...serviceConfig(read),
    natsUrl: read.NATS_URL,
    eventStoreAddress: read.EVENTSTORE_ADDRESS,
    eventStoreTimeoutMs: read.EVENTSTORE_TIMEOUT_MS,
    currency: read.CURRENCY,
  };
}

/** The values of `workerSettings` under the names that workers use. */
export function workerConfig(read: Read<ReturnType<typeof workerSettings>>) {
  return {
    ...followerConfig(read),
    attemptTimeoutMs: read.ATTEMPT_TIMEOUT_MS,
    consumer: {
      maxInFlight: read.MAX_IN_FLIGHT,
      ackWaitMs: read.ACK_WAIT_MS,
      maxDeliver: read.MAX_DELIVER,
      retryDelaysMs: read.RETRY_DELAYS_MS,
    },
  };
}
