import type { PulledMessage } from './pulled-message.ts';

/** Messages that could not be read, as this process remembers them. */
export interface Unreadable {
  /**
   * Records an unreadable delivery. True for the first of its message that is worth
   * logging (`toTell`): one in an outage is not.
   */
  add(message: Pick<PulledMessage, 'sequence' | 'deliveries'>, toTell?: boolean): boolean;
  /** How many deliveries of this message were unreadable; 0 for others. */
  deliveries(sequence: bigint): number;
  /** Call it when the message is done. */
  forget(sequence: bigint): void;
}

/** Beyond this the oldest is forgotten: it is logged once more, and tried less often. */
const MOST = 10_000;

/** Empty at first, and always bounded. */
export function createUnreadable(): Unreadable {
  const unread = new Map<bigint, { readonly deliveries: number; readonly told: boolean }>();
  return {
    add({ sequence, deliveries }, toTell = true) {
      const told = unread.get(sequence)?.told ?? false;
      const first = toTell && !told;
      unread.set(sequence, { deliveries, told: told || toTell });
      const [oldest] = unread.keys();
      if (unread.size > MOST && oldest !== undefined) unread.delete(oldest);
      return first;
    },
    deliveries: (sequence) => unread.get(sequence)?.deliveries ?? 0,
    forget: (sequence) => void unread.delete(sequence),
  };
}
