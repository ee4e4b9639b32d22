/**
 * Milliseconds since 1970 as this process believed them when it began, counted on by a
 * clock that nobody sets: durations are right, and times can be held against those that
 * the log gives its events on the same machine.
 */
export const now = (): number => performance.timeOrigin + performance.now();
