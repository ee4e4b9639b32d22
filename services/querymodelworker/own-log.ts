import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { eventAt } from '../../shared/eventstore/stored-message.ts';
import type { Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Place } from './table/rebuild-table.ts';

/** Whether the log is the one that the read model was filled from. */
export interface OwnLog {
  /**
   * Detects a log that was restored to an older state: its next events would be folded into
   * rows of events that no longer exist. Rejects then with `read_model_ahead`
   * (precondition_failed), until the log has recovered its events or the read model was
   * rebuilt.
   */
  check(ctx: Context, place: Place): Promise<void>;
  /** True since the last check found that it is not. */
  isLost(): boolean;
}

export function ownLog(log: Pick<EventStore, 'head' | 'read'>): OwnLog {
  /** Set when the read model was found ahead of the log, until it is rebuilt. */
  let ahead: { readonly checkpoint: bigint; readonly head: bigint } | undefined;

  /** Id of the log's event at a position, empty at the beginning; undefined if there is none. */
  async function idAt(ctx: Context, position: bigint, head: bigint): Promise<string | undefined> {
    if (position === 0n) return '';
    if (position > head) return undefined;
    return (await eventAt(ctx, log, position))?.eventId;
  }

  return {
    async check(ctx, { position, eventId }) {
      // Read after the checkpoint: the log never ends before events that were projected from it.
      const head = await log.head(ctx);
      const there = await idAt(ctx, position, head);
      if (there === undefined || (eventId !== '' && eventId !== there)) {
        ahead = { checkpoint: position, head };
      } else if (eventId !== '' || (ahead !== undefined && position !== ahead.checkpoint)) {
        // Without an id nobody can tell whether a log that has grown since is the same. But
        // nothing is projected now, so if the checkpoint moved, a rebuild moved it.
        ahead = undefined;
      }
      if (ahead === undefined) return;
      const why =
        there === undefined || eventId === ''
          ? `is ahead of the log (at ${ahead.checkpoint}, but the log ends at ${ahead.head})`
          : `ends with event ${eventId} at ${position}, where the log has ${there}`;
      throw new CodedError(
        'precondition_failed',
        'read_model_ahead',
        `The read model ${why}, so it belongs to another log and is not updated. Fill it from this log: npx ordersctl read-model rebuild`,
      );
    },
    isLost: () => ahead !== undefined,
  };
}
