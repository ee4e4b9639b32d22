/**
 * For how long a letter belongs to the instance that took it for a replay, in
 * milliseconds: longer than a worker's attempts together take. Should it be too
 * short after all, two instances answer one event, which is harmless.
 */
export const REPLAY_LEASE_MS = 60_000;

/**
 * How often a letter is handed out for one request. An instance that dies of an
 * event cannot say so; after this many it counts as parked again.
 */
export const REPLAY_TAKES = 5;
