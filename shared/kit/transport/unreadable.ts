import type { PulledMessage } from './pulled-message.ts';

/** Messages that could not be read, as this process remembers them. */
export interface Unreadable {
  /** Notes a delivery that could not be read; true for the first of its message. */
  add(message: Pick<PulledMessage, 'sequence' | 'deliveries'>): boolean;
  /** How many deliveries of this message went by unread; 0 for others. */
  deliveries(sequence: bigint): number;
  /** To be called when the message is done. */
  forget(sequence: bigint): void;
}

/** Beyond this the oldest is forgotten: it is logged once more, and tried less often. */
const MOST = 10_000;

/** Remembers none at first, and a bounded number ever. */
export function createUnreadable(): Unreadable {
  const unread = new Map<bigint, number>();
  return {
    add({ sequence, deliveries }) {
      const first = !unread.has(sequence);
      unread.set(sequence, deliveries);
      const [oldest] = unread.keys();
      if (unread.size > MOST && oldest !== undefined) unread.delete(oldest);
      return first;
    },
    deliveries: (sequence) => unread.get(sequence) ?? 0,
    forget: (sequence) => void unread.delete(sequence),
  };
}
