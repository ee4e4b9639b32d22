/**
 * Milliseconds since 1970 at the start of this process, advanced by a monotonic clock:
 * durations are right, and times can be compared with those of the log's events on the same
 * machine.
 */
export const now = (): number => performance.timeOrigin + performance.now();
