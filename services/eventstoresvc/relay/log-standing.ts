/**
 * Whether the log may grow. It may not while the stream holds events that the log has
 * lost, as after a restore from a backup: new events would take their positions and
 * split the history in two. The relay judges that. Until it has, at the start and
 * after the log went back, appends wait or are refused.
 */
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { unlessAborted } from '../../../shared/kit/unless-aborted.ts';
import type { Verdict } from './verdict.ts';

export interface Standing extends Component {
  /**
   * Undefined if the log may grow; else a promise that resolves when it may, or rejects
   * with the reason why it may not (`unavailable`).
   */
  admit(ctx: Context): Promise<void> | undefined;
  /** Throws while it is known that the log may not grow. */
  refuse(): void;
  /** Whether the broker reported the stream's content when it was last asked. */
  streamAnswers(answers: boolean): void;
  /** The relay has compared log and stream. */
  judged(verdict: Verdict): void;
  /** The log ends before a committed position: appends are refused until the relay has judged. */
  wentBack(head: bigint, committed: bigint): void;
  degraded(): string | undefined;
}

export interface StandingOptions {
  /** Whether there is a connection to the broker. */
  readonly connected: () => boolean;
  readonly logger: Logger;
  /** How long the start waits for a broker that is not connected, in milliseconds. Default 1,500. */
  readonly awayMs?: number;
  /** How long it waits for one that is connected and does not report the stream's content. Default 15,000. */
  readonly silentMs?: number;
  /** How long an append waits for the judgement before it is refused, in milliseconds. Default 2,000. */
  readonly patienceMs?: number;
}

/** Between two checks for the broker, in milliseconds. */
const LOOK_MS = 100;
const RETRY_AFTER_MS = 5_000;

const RECOVER =
  '`npx ordersctl log recover` writes the missing events back from the stream; with --discard it gives them up';
const DISCARD =
  '`npx ordersctl log recover --discard` saves to a file what only the stream has, voids its debits, and recreates the stream from the log';

export function createStanding(options: StandingOptions): Standing {
  const { connected, logger, awayMs = 1_500, silentMs = 15_000, patienceMs = 2_000 } = options;
  let answers = true;
  const known = Promise.withResolvers<void>();
  let waiting = true;
  let refusal: CodedError | undefined;
  let timer: NodeJS.Timeout | undefined;

  function decide(): void {
    waiting = false;
    clearInterval(timer);
    known.resolve();
  }

  async function whenKnown(ctx: Context): Promise<void> {
    const late = AbortSignal.timeout(patienceMs);
    await unlessAborted(known.promise, AbortSignal.any([ctx.signal, late])).catch((cause) => {
      ctx.signal.throwIfAborted();
      throw new CodedError(
        'unavailable',
        'log_unavailable',
        'The event log cannot be written yet; repeating the same append is safe.',
        { cause, retryAfterMs: 1_000 },
      );
    });
    if (refusal !== undefined) throw refusal;
  }

  return {
    name: 'log and stream',
    start: async () => {
      if (!waiting) return;
      const since = performance.now();
      timer = setInterval(() => {
        const waitedMs = performance.now() - since;
        const away = connected() ? !answers && waitedMs >= silentMs : waitedMs >= awayMs;
        if (!away) return;
        logger.warn(
          'the log accepts appends without having been compared with the stream: if it was restored to an older state, new events take the positions of lost ones',
        );
        decide();
      }, LOOK_MS);
    },
    stop: async () => decide(),
    admit: (ctx) => {
      if (refusal !== undefined) return Promise.reject(refusal);
      return waiting ? whenKnown(ctx) : undefined;
    },
    refuse: () => {
      if (refusal !== undefined) throw refusal;
    },
    streamAnswers: (does) => {
      answers = does;
    },
    judged: (verdict) => {
      refusal = refusalOf(verdict);
      decide();
    },
    wentBack: (head, committed) => {
      // The verdict says more.
      if (refusal !== undefined) return;
      refusal = new CodedError(
        'unavailable',
        'log_went_back',
        `The log ends at ${head}, but ${committed} was committed: it was restored to an older state, and accepts no events until it has been compared with the stream.`,
        { retryAfterMs: RETRY_AFTER_MS },
      );
      logger.error({ head: `${head}`, committed: `${committed}` }, 'the log went back');
    },
    degraded: () => refusal && `events are refused: ${refusal.message}`,
  };
}

function refusalOf(verdict: Verdict): CodedError | undefined {
  if (verdict.kind === 'behind') {
    return new CodedError(
      'unavailable',
      'log_behind_stream',
      `The event log lost its last events, and accepts none until an operator has recovered it: ${verdict.why}. ${RECOVER}.`,
      { retryAfterMs: RETRY_AFTER_MS },
    );
  }
  if (verdict.kind !== 'differs') return undefined;
  return new CodedError(
    'unavailable',
    'log_differs_from_stream',
    `The event log and the stream hold different events at one position, and events are refused until an operator has decided: ${verdict.why}. ${DISCARD}.`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}
