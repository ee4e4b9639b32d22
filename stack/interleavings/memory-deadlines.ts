/** The coordinator's deadlines in memory, under a clock of the test's. */
import type { UpcomingDeadline } from '../../services/sagacoordinator/saga/deadlines.ts';
import type { DeadlineWrites } from '../../services/sagacoordinator/saga/grouped-writes.ts';

export interface MemoryDeadlines extends DeadlineWrites {
  /** Those that are due, the oldest first. */
  due(): readonly UpcomingDeadline[];
  size(): number;
}

export function memoryDeadlines(now: () => number): MemoryDeadlines {
  const rows = new Map<string, Omit<UpcomingDeadline, 'dueInMs' | 'ceilingInMs'>>();
  const key = ({ orderId, kind }: { orderId: string; kind: string }) => `${kind} ${orderId}`;
  return {
    write: async ({ put, remove }) => {
      for (const deadline of put) rows.set(key(deadline), { ...deadline, attempts: 0 });
      for (const one of remove) rows.delete(key(one));
    },
    due: () =>
      [...rows.values()]
        .map((row) => ({
          ...row,
          dueInMs: row.dueAt.getTime() - now(),
          ceilingInMs: row.ceilingAt.getTime() - now(),
        }))
        .filter(({ dueInMs }) => dueInMs <= 0)
        .sort((a, b) => a.dueInMs - b.dueInMs),
    size: () => rows.size,
  };
}
