/** Compares the events that the projection recorded as unreadable with the log. */
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Findings } from './report.ts';
import type { AuditedReadModel } from './sources.ts';

/** The log's unreadable events, as many as there is room for. */
export interface Unreadables {
  add(event: RecordedEvent): void;
  readonly byPosition: ReadonlyMap<bigint, RecordedEvent>;
  /** False: there are more than are kept. */
  readonly complete: boolean;
}

const MOST = 10_000;

/** Empty. Holds a bounded number, without payloads. */
export function createUnreadables(): Unreadables {
  const byPosition = new Map<bigint, RecordedEvent>();
  let complete = true;
  return {
    add(event) {
      if (byPosition.size < MOST) byPosition.set(event.position, { ...event, data: '' });
      else complete = false;
    },
    byPosition,
    get complete() {
      return complete;
    },
  };
}

/**
 * Compares the records up to `upTo`, which both the projection and the log had reached
 * before. Resolves with the number of records.
 */
export async function sweepFailures(
  ctx: Context,
  readModel: Pick<AuditedReadModel, 'failures'>,
  {
    unreadable,
    upTo,
    head,
    findings,
  }: {
    readonly unreadable: Unreadables;
    readonly upTo: bigint;
    /** Of the log, read after its events. */
    readonly head: bigint;
    readonly findings: Findings;
  },
): Promise<number> {
  const recorded = new Set<bigint>();
  let count = 0;
  const wrong = (position: bigint, problem: string, orderId?: string) =>
    findings.add('read model', `its record of the unreadable event at ${position} ${problem}`, {
      ...(orderId !== undefined && { orderId }),
      repair: { what: 'failure', position },
    });
  for await (const failure of readModel.failures(ctx)) {
    const { position, orderId } = failure;
    count++;
    recorded.add(position);
    const event = unreadable.byPosition.get(position);
    if (event === undefined) {
      // The next audit checks what came after the log was read.
      if (position > upTo && position <= head) continue;
      if (unreadable.complete) wrong(position, 'has no such event in the log', orderId);
      continue;
    }
    const differs = (
      [
        ['event', failure.eventId, event.eventId],
        ['type', failure.eventType, event.eventType],
        ['order', orderId, event.aggregateId],
      ] as const
    ).find(([, has, log]) => has !== log);
    if (differs === undefined) continue;
    const [what, has, log] = differs;
    wrong(position, `names the ${what} ${has}, the log ${log}`, event.aggregateId);
  }
  for (const [position, { aggregateId }] of unreadable.byPosition) {
    if (position <= upTo && !recorded.has(position)) wrong(position, 'is missing', aggregateId);
  }
  return count;
}
