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
    EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
    /** For each call to the event store. */
    EVENTSTORE_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
    CURRENCY: setting.currency('USD'),
  } as const;
}

/** The settings of everything that answers events; spread them into its own. */
export function answeringSettings(defaults: ServiceDefaults) {
  return {
    ...followerSettings(defaults),
    NATS_URL: setting.natsUrl('nats://127.0.0.1:4222'),
    /** Events answered at once; aggregates are served side by side, the events of one in their order. */
    MAX_IN_FLIGHT: setting.integer(128, { min: 1, max: 10_000 }),
    /** Attempts until an event is parked; with the delays below that is after about four minutes. */
    MAX_DELIVER: setting.integer(12, { min: 1, max: 1_000 }),
    /** Waits before the second attempt, the third, …; the last counts for all further ones. */
    RETRY_DELAYS_MS: setting
      .list(['100', '500', '2000', '10000', '30000'])
      .refine(
        (delays) => delays.length > 0 && delays.every((delay) => milliseconds.test(delay)),
        'must be numbers of milliseconds, separated by commas',
      )
      .transform((delays) => delays.map(Number)),
    /** For one try to answer an event; each attempt has a few. */
    ATTEMPT_TIMEOUT_MS: setting.milliseconds(10_000, { min: 100 }),
  } as const;
}

/** The settings of every worker with a durable. */
export function workerSettings(defaults: ServiceDefaults) {
  return {
    ...answeringSettings(defaults),
    /** A message without a sign of life for this long goes to another instance. */
    ACK_WAIT_MS: setting.milliseconds(30_000, { min: 1_000 }),
  } as const;
}

/** The settings of every process that follows the log. */
export function processSettings(defaults: ServiceDefaults) {
  return {
    ...answeringSettings(defaults),
    /** Changes of deadlines gather for so long: what is set and cleared meanwhile is never written. */
    DEADLINE_GATHER_MS: setting.milliseconds(200, { min: 0, max: 10_000 }),
    /** Of several instances one follows; another takes over when it gave no sign of life for so long. */
    LEASE_MS: setting.milliseconds(3_000, { min: 400, max: 600_000 }),
  } as const;
}

/** The values of `followerSettings` under the names that services use. */
export function followerConfig(read: Read<ReturnType<typeof followerSettings>>) {
  return {
    ...serviceConfig(read),
    eventStoreAddress: read.EVENTSTORE_ADDRESS,
    eventStoreTimeoutMs: read.EVENTSTORE_TIMEOUT_MS,
    currency: read.CURRENCY,
  };
}

/** The values of `answeringSettings` under the names that services use. */
function answeringConfig(read: Read<ReturnType<typeof answeringSettings>>) {
  return {
    ...followerConfig(read),
    natsUrl: read.NATS_URL,
    attemptTimeoutMs: read.ATTEMPT_TIMEOUT_MS,
    consumer: {
      maxInFlight: read.MAX_IN_FLIGHT,
      maxDeliver: read.MAX_DELIVER,
      retryDelaysMs: read.RETRY_DELAYS_MS,
    },
  };
}

/** The values of `workerSettings` under the names that workers use. */
export function workerConfig(read: Read<ReturnType<typeof workerSettings>>) {
  const config = answeringConfig(read);
  return { ...config, consumer: { ...config.consumer, ackWaitMs: read.ACK_WAIT_MS } };
}

/** The values of `processSettings` under the names that processes use. */
export function processConfig(read: Read<ReturnType<typeof processSettings>>) {
  return { ...answeringConfig(read), gatherMs: read.DEADLINE_GATHER_MS, leaseMs: read.LEASE_MS };
}
