/**
 * The relay: publishes log position p as JetStream sequence p, and nothing
 * else ever publishes there. There is no outbox table and no stored cursor: the
 * log is the outbox and the stream's own last sequence is the checkpoint.
 *
 * Each message is published on condition that the stream's last sequence is
 * p − 1, so order and completeness are the broker's to check, and several
 * relays may run: one wins each sequence, the others notice and watch.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { background, type Context } from '../../../shared/kit/context.ts';
import { codedError, isMachineryFailure } from '../../../shared/kit/errors.ts';
import { inOneLine } from '../../../shared/kit/in-one-line.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { unlessAborted } from '../../../shared/kit/unless-aborted.ts';
import type { EventLog } from '../log/sql-log.ts';
import type { Bell } from './bell.ts';
import { lastAgreed, observe, whatDiffers } from './compare.ts';
import type { PublishedStream } from './published-stream.ts';
import { judge, mayGrow, type Observed, type Verdict } from './verdict.ts';

export interface RelayOptions {
  /** Told whether the broker said what the stream holds, each time it is asked. Default: nobody. */
  readonly streamAnswers?: (answers: boolean) => void;
  /** Told each time log and stream were compared. Default: nobody. */
  readonly judged?: (verdict: Verdict) => void;
  /** Rung by every commit of this process. */
  readonly bell: Bell;
  /** How often to look for commits of other processes, in milliseconds. */
  readonly pollMs: number;
  /** How often to look whether the stream is still what it should be, in milliseconds. */
  readonly inspectMs: number;
  /** Messages on their way at the same time, at most. */
  readonly window: number;
}

export const relayDefaults = { pollMs: 200, inspectMs: 3_000, window: 512 };

/** Failures in a row, a second or so, after which it is said that nothing gets on. */
const SAID_AFTER = 5;

/** A running relay, and how far it has come. */
export interface Relay extends Component {
  /** Position of the last event known to be in the log, as of the last look. */
  committed(): bigint;
  /** Position of the last event known to be in the stream. */
  published(): bigint;
  /** Looks at log and stream soon, and not only when that is due. */
  lookAgain(): void;
}

export function createRelay(
  log: EventLog,
  stream: PublishedStream,
  options: RelayOptions,
  logger: Logger,
): Relay {
  const stopping = new AbortController();
  const { signal } = stopping;
  let loop: Promise<void> | undefined;
  let after = 0n;
  let seen = 0n;
  /** When to compare log and stream again, as `performance.now()` tells it. */
  let due = 0;
  /** Where log and stream part, as it was found for what they were then. */
  let parted: { readonly key: string; readonly why: string } | undefined;
  let notReady: string | undefined = 'the relay has not checked the stream yet';
  /** What it failed with again and again, though that should pass by itself; until it gets on. */
  let interrupted: string | undefined;
  /** The last trouble told, so that one that stays is told once and not every second. */
  let told = '';

  async function run(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        // The broker may never have been there; waiting for it must not outlast us.
        if (await unlessAborted(inspect(), signal)) await follow();
        else await options.bell.wait(options.inspectMs);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        // An outage ends by itself; anything else needs an operator.
        if (!isMachineryFailure(error)) notReady = codedError(error).message;
        else if (failures >= SAID_AFTER)
          interrupted = `keeps being interrupted: ${inOneLine(error)}`;
        tell('the relay was interrupted; checking the stream again', error);
        // Full jitter: where two relays race for a sequence, one should be late.
        const pauseMs = Math.random() * Math.min(2_000, 20 * 2 ** Math.min(failures, 7));
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Checks the stream and repairs it where that is safe; resolves with whether to continue publishing. */
  async function inspect(): Promise<boolean> {
    const ctx = background();
    const state = await stream.inspect().catch((error) => {
      options.streamAnswers?.(false);
      throw error;
    });
    options.streamAnswers?.(true);
    const observed = await observe(ctx, log, stream, state);
    const { head } = observed;
    const verdict = await explained(ctx, observed, judge(observed));
    seen = head;
    if (mayGrow(verdict)) log.rebase(head);
    options.judged?.(verdict);
    if (verdict.kind !== 'follow' && verdict.kind !== 'remake') {
      // Nothing in there is known to be ours any more.
      after = 0n;
      notReady = verdict.why;
      const remedy = mayGrow(verdict) ? ` ${stream.remedy}` : '';
      tell(`the relay publishes nothing: ${verdict.why}.${remedy}`, undefined);
      return false;
    }
    if (verdict.kind === 'remake') {
      logger.warn({ why: verdict.why }, 'recreating the stream and filling it from the log');
      await stream.remake();
      after = 0n;
    } else {
      after = verdict.after;
    }
    if (notReady !== undefined) {
      logger.info({ after: String(after), head: String(head) }, 'the relay follows the log');
    }
    notReady = undefined;
    told = '';
    return true;
  }

  /** Where both are ours and differ, says where they part. */
  async function explained(ctx: Context, observed: Observed, verdict: Verdict): Promise<Verdict> {
    if (verdict.kind !== 'differs') return verdict;
    const { head, stream: state } = observed;
    const key = `${verdict.why} ${head} ${state.last}`;
    if (parted?.key !== key) {
      const agreed = await lastAgreed(ctx, log, stream, head < state.last ? head : state.last);
      parted = { key, why: await whatDiffers(ctx, log, stream, agreed) };
    }
    return { kind: 'differs', why: parted.why };
  }

  /** Publishes what the log has until the next inspection is due. */
  async function follow(): Promise<void> {
    due = performance.now() + options.inspectMs;
    const ctx = background();
    while (!signal.aborted && performance.now() < due) {
      const { events } = await log.read(ctx, { afterPosition: after }, options.window);
      if (events.length > 0) await publish(events);
      interrupted = undefined;
      if (events.length === 0) await options.bell.wait(options.pollMs);
    }
  }

  /** Publishes a window at once; the broker's condition keeps it in order. Rejects if one failed. */
  async function publish(events: readonly RecordedEvent[]): Promise<void> {
    const results = await Promise.allSettled(events.map((event) => stream.publish(event)));
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected') throw result.reason;
      after = events[index]?.position ?? after;
    }
  }

  function tell(message: string, error: unknown): void {
    const key = `${message} ${error instanceof Error ? error.message : ''}`;
    if (key === told) return;
    told = key;
    logger.warn({ err: error, after: String(after) }, message);
  }

  return {
    name: 'relay',
    start: async () => {
      loop ??= run();
    },
    stop: async () => {
      stopping.abort(new Error('The relay was stopped.'));
      options.bell.ring();
      await loop;
    },
    notReady: () => notReady ?? interrupted,
    lookAgain: () => {
      due = 0;
      options.bell.ring();
    },
    committed: () => (seen > after ? seen : after),
    published: () => after,
  };
}
