/** The coordinator's deadlines in memory, under a clock of the test's. */
import type { DeadlineKind } from '../../services/sagacoordinator/saga/saga.ts';
import type { DeadlineKey, UpcomingDeadline } from '../../shared/process-manager/deadlines.ts';
import type { DeadlineWrites } from '../../shared/process-manager/grouped-writes.ts';

export interface MemoryDeadlines extends DeadlineWrites<DeadlineKind> {
  /** Those that are due, the oldest first. */
  due(): readonly UpcomingDeadline<DeadlineKind>[];
  size(): number;
}

export function memoryDeadlines(now: () => number): MemoryDeadlines {
  const rows = new Map<string, Omit<UpcomingDeadline<DeadlineKind>, 'dueInMs' | 'ceilingInMs'>>();
  const key = ({ aggregateId, kind }: DeadlineKey) => `${kind} ${aggregateId}`;
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
