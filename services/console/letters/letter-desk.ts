/** Dead letters, for operators: what consumers gave up, and what is done with it. */
import type {
  CloseRequest,
  LetterDetail,
  LetterGroups,
  LetterName,
  LettersDone,
  ReplayRequest,
} from '../../../shared/contracts/console.ts';
import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { orderAggregate } from '../../../shared/contracts/subjects.ts';
import type { LetterState, ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError, codedError, isMachineryFailure } from '../../../shared/kit/errors.ts';
import { standing } from '../../../shared/story/order-history.ts';
import { shownLetter } from '../orders/order-detail.ts';

/** Which letters are listed; without a state all. */
export interface LetterQuery {
  readonly consumer: string | undefined;
  readonly state: LetterState | undefined;
  /** Only letters after this one. */
  readonly after?: LetterName | undefined;
}

export interface LetterDesk {
  groups(ctx: Context, query: LetterQuery): Promise<LetterGroups>;
  /** Rejects with `not_found` (code `letter_not_found`). */
  letter(ctx: Context, name: LetterName): Promise<LetterDetail>;
  /**
   * Requests a replay of each, one after the other; a dry run says what it would do. A letter
   * that is refused does not stop the others; a technical failure does.
   */
  replay(ctx: Context, request: ReplayRequest): Promise<LettersDone>;
  /** Closes each with the reason, in the same way. */
  close(ctx: Context, request: CloseRequest): Promise<LettersDone>;
}

const LISTED = 1_000;
const SHOWN = 100;

/** @param listed so many letters at once; at most 1,000 */
export function letterDesk(store: EventStore, codec: OrderEventCodec, listed = LISTED): LetterDesk {
  async function letterAt(ctx: Context, { consumer, position }: LetterName): Promise<ParkedLetter> {
    const at = BigInt(position);
    const [letter] = await store.deadLetters(ctx, { consumer, position: at, limit: 1 });
    if (letter !== undefined) return letter;
    throw new CodedError(
      'not_found',
      'letter_not_found',
      `There is no dead letter of ${consumer} at position ${position}.`,
    );
  }

  async function subjectOf(ctx: Context, position: bigint) {
    const { events } = await store.read(ctx, { afterPosition: position - 1n, limit: 1 });
    const event = events.find((found) => found.position === position);
    if (event === undefined) return undefined;
    const history = await store.readAggregate(ctx, orderAggregate(event.aggregateId));
    return { event, status: standing(history, codec).status };
  }

  type Result = LettersDone['results'][number];

  /** `work` for one letter after the other. */
  async function each(
    names: readonly LetterName[],
    work: (name: LetterName) => Promise<Omit<Result, keyof LetterName>>,
  ): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const { consumer, position } of names) {
      try {
        results.push({ consumer, position, ...(await work({ consumer, position })) });
      } catch (error) {
        if (isMachineryFailure(error)) throw error;
        const { code, message } = codedError(error);
        results.push({ consumer, position, outcome: 'refused', code, message });
      }
    }
    return results;
  }

  return {
    async groups(ctx, { consumer, state, after }) {
      const found = await store.deadLetters(ctx, {
        ...(consumer !== undefined && { consumer }),
        ...(state !== undefined && { state }),
        ...(after !== undefined && {
          after: { consumer: after.consumer, position: BigInt(after.position) },
        }),
        limit: listed,
      });
      const last = found.length === listed ? found.at(-1) : undefined;
      const groups = [...Map.groupBy(found, (letter) => `${letter.consumer} ${letter.reason}`)].map(
        ([, letters]) => ({
          consumer: letters[0]?.consumer ?? '',
          reason: letters[0]?.reason ?? '',
          count: letters.length,
          letters: letters.toReversed().slice(0, SHOWN).map(shownLetter),
        }),
      );
      return {
        groups: groups.sort((a, b) => b.count - a.count),
        ...(last && { next: { consumer: last.consumer, position: Number(last.position) } }),
      };
    },

    async letter(ctx, name) {
      const letter = await letterAt(ctx, name);
      const subject = await subjectOf(ctx, letter.position);
      if (subject === undefined) return { letter: shownLetter(letter) };
      const { event, status } = subject;
      return {
        letter: shownLetter(letter),
        event: {
          event_id: event.eventId,
          event_type: event.eventType,
          version: Number(event.version),
          position: Number(event.position),
          created_at: event.createdAt.toISOString(),
          data: event.data === '' ? null : JSON.parse(event.data),
          metadata: event.metadata,
        },
        order_id: event.aggregateId,
        order_status: status,
      };
    },

    async replay(ctx, { letters, dry_run = false }) {
      const results = await each(letters, async (name) => {
        if (!dry_run) {
          const position = BigInt(name.position);
          const letter = await store.requestReplay(ctx, { consumer: name.consumer, position });
          return { outcome: 'done', letter: shownLetter(letter) };
        }
        const letter = await letterAt(ctx, name);
        if (letter.state === 'closed') {
          const why = `The dead letter is closed: ${letter.closeReason}`;
          throw new CodedError('conflict', 'letter_closed', why);
        }
        if (letter.state === 'resolved') {
          const why = 'The dead letter is already resolved: its event was processed.';
          throw new CodedError('conflict', 'letter_resolved', why);
        }
        const subject = await subjectOf(ctx, letter.position);
        return {
          outcome: 'would',
          letter: shownLetter(letter),
          ...(subject && { order_id: subject.event.aggregateId, order_status: subject.status }),
        };
      });
      return { dry_run, results };
    },

    async close(ctx, { letters, reason }) {
      const results = await each(letters, async (name) => {
        const position = BigInt(name.position);
        const letter = await store.closeLetter(ctx, { consumer: name.consumer, position, reason });
        return { outcome: 'done', letter: shownLetter(letter) };
      });
      return { dry_run: false, results };
    },
  };
}
