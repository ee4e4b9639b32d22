/**
 * The relay: publishes log position p as JetStream sequence p, and nothing else ever
 * publishes there. There is no outbox table and no stored cursor: the log is the
 * outbox, and the stream's last sequence is the checkpoint.
 *
 * Each message is published on condition that the stream's last sequence is p − 1, and,
 * within a window, that the last message is the event before it. So the broker ensures
 * order and completeness, and several relays may run: one wins each sequence, and the
 * others notice and watch.
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
import type { Recent } from '../log/tail.ts';
import type { Bell } from './bell.ts';
import { lastAgreed, observe, whatDiffers } from './compare.ts';
import type { PublishedStream } from './published-stream.ts';
import { judge, mayGrow, type Observed, type Verdict } from './verdict.ts';

export interface RelayOptions {
  /** Called after each inspection with whether the broker reported the stream's content. Optional. */
  readonly streamAnswers?: (answers: boolean) => void;
  /** Called each time log and stream were compared. Optional. */
  readonly judged?: (verdict: Verdict) => void;
  /** Every commit of this process rings it. */
  readonly bell: Bell;
  /** What this process committed last: published without reading it back. Optional. */
  readonly recent?: Pick<Recent, 'after' | 'last'>;
  /** Interval between checks for commits of other processes, in milliseconds. */
  readonly pollMs: number;
  /** Interval between inspections of the stream, in milliseconds. */
  readonly inspectMs: number;
  /** Most messages in flight. */
  readonly window: number;
}

export const relayDefaults = { pollMs: 200, inspectMs: 3_000, window: 512 };

/** Failures in a row, about a second of them, before readiness reports that publishing is stuck. */
const SAID_AFTER = 5;

/** A running relay and its progress. */
export interface Relay extends Component {
  /** Position of the log's last event at the last check. */
  committed(): bigint;
  /** Position of the last event known to be published. */
  published(): bigint;
  /** Inspects log and stream soon, before the next inspection is due. */
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
  const { recent } = options;
  let loop: Promise<void> | undefined;
  let after = 0n;
  let seen = 0n;
  /** When to compare log and stream next, on the clock of `performance.now()`. */
  let due = 0;
  /** Where log and stream part, and the observation (`key`) that this explains. */
  let parted: { readonly key: string; readonly why: string } | undefined;
  let notReady: string | undefined = 'the relay has not checked the stream yet';
  /** A failure that should pass by itself but keeps recurring; cleared when publishing succeeds. */
  let interrupted: string | undefined;
  /** The last problem logged, so that a lasting one is logged once and not every second. */
  let told = '';

  async function run(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        // The broker may never have been there; waiting for it must not outlast the relay.
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
        // Full jitter: when two relays race for a sequence, one should be late.
        const pauseMs = Math.random() * Math.min(2_000, 20 * 2 ** Math.min(failures, 7));
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Checks the stream and repairs it if that is safe; resolves with whether to publish. */
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
      // Nothing in the stream is known to be ours any more.
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

  /** Adds where log and stream part, if both are ours and differ. */
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

  /** Publishes new events of the log until the next inspection is due. */
  async function follow(): Promise<void> {
    due = performance.now() + options.inspectMs;
    const ctx = background();
    let pollAt = 0;
    while (!signal.aborted && performance.now() < due) {
      let events = recent?.after(after, options.window) ?? [];
      // Another process may have committed; or there is a gap before what is in memory.
      if (events.length === 0 && (performance.now() >= pollAt || missing())) {
        ({ events } = await log.read(ctx, { afterPosition: after }, options.window));
        pollAt = events.length > 0 ? 0 : performance.now() + options.pollMs;
      }
      if (events.length > 0) await publish(events);
      interrupted = undefined;
      if (events.length === 0) await options.bell.wait(Math.max(0, pollAt - performance.now()));
    }
  }

  /** Whether this process may have committed what is not in memory. */
  const missing = () => recent === undefined || recent.last() > after;

  /** Publishes a window. Where one of its messages is refused, the next inspection finds where it ended. */
  async function publish(events: readonly RecordedEvent[]): Promise<void> {
    await stream.publish(events);
    after = events.at(-1)?.position ?? after;
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
