/** The consumers' places: the log must have each of them. */
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Findings } from './report.ts';

/** A consumer's place: a position, and the id of the event there if known. */
export interface Place {
  readonly consumer: string;
  readonly position: bigint;
  readonly eventId: string;
  /** Everything up to here was delivered to it; absent if unknown. */
  readonly delivered?: bigint;
}

/** Compares places with the log while the log is read. */
export interface CheckpointSweep {
  meet(event: RecordedEvent): void;
  /** The log was read up to `head`; its own end is `logEnds`, read after the places. */
  end(head: bigint, logEnds: bigint): void;
  readonly compared: number;
}

export function sweepCheckpoints(
  places: readonly Place[],
  findings: Pick<Findings, 'add'>,
): CheckpointSweep {
  const waiting = Map.groupBy(
    places.filter(({ position }) => position > 0n),
    ({ position }) => position,
  );
  const wrong = ({ consumer, position }: Place, problem: string, orderId?: string) =>
    findings.add('checkpoints', `${consumer} is at ${position}${problem}`, {
      ...(orderId !== undefined && { orderId }),
      repair: { what: 'checkpoint', consumer },
    });
  return {
    meet({ position, eventId, aggregateId }) {
      const here = waiting.get(position);
      if (here === undefined) return;
      waiting.delete(position);
      for (const place of here) {
        if (place.eventId === '' || place.eventId === eventId) continue;
        wrong(place, `, event ${place.eventId}; the log has ${eventId} there`, aggregateId);
      }
    },
    end(head, logEnds) {
      for (const place of places) {
        const { position, delivered = 0n } = place;
        if (position > logEnds || delivered <= logEnds) continue;
        wrong(place, ` and was given up to ${delivered}, ahead of the log at ${logEnds}`);
      }
      for (const place of [...waiting.values()].flat()) {
        if (place.position > logEnds) wrong(place, `, ahead of the log at ${logEnds}`);
        else if (place.position <= head) wrong(place, ', where the log has no event');
      }
    },
    compared: places.length,
  };
}
