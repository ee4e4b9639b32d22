import type {
  Append,
  AppendEventsResponse,
  AppendResult,
  EventStoreClient,
  Heartbeat,
} from '../../../proto/gen/eventstore.ts';
import {
  askForHeartbeats,
  type HeartbeatSettings,
  isThere,
  promisesHeartbeats,
} from '../../kit/transport/grpc/heartbeat.ts';
import { watchSilence } from '../../kit/transport/silence.ts';

export interface AppendCallOptions extends HeartbeatSettings {
  /** Called with answers, or with none as a sign of life. */
  readonly onResults: (results: readonly AppendResult[]) => void;
  /** More may be written. */
  readonly onDrain: () => void;
  /** Called at the end of the call: `error` as gRPC has it, undefined if the server ended it. */
  readonly onEnd: (error: Error | undefined) => void;
  /** Called when it was given up because no answer is expected any more. */
  readonly onSilent: (reason: string) => void;
}

/** One call of AppendEvents. After `onEnd` or `onSilent` no callback is called. */
export interface AppendCall {
  /** Sends one message; false: wait for `onDrain` before the next. */
  write(appends: Append[]): boolean;
  /** Whether the server gives signs of life, so that a missing answer is only a slow one. */
  alive(): boolean;
  /** For how long nothing has come, in milliseconds. */
  quietMs(): number;
  /** Gives it up for `reason`. */
  giveUp(reason: string): void;
  /** Sends no more; what was sent is answered. */
  end(): void;
}

/**
 * Opens a call and watches it in both directions: the server's heartbeats show that it
 * lives, and how many requests have reached it. Silence, or a request that does not arrive
 * for long, ends the call. A slow or pausing server does not.
 */
export function openAppendCall(client: EventStoreClient, options: AppendCallOptions): AppendCall {
  const { everyMs, mostMissed } = options;
  const call = client.appendEvents(askForHeartbeats(everyMs));
  let over = false;
  let promised = false;
  let writable = true;
  let heardAt = performance.now();
  let sent = 0;
  let sentAtTick = 0;
  let sentAtBeat = 0n;
  let received = 0n;
  let late = 0;

  const silence = watchSilence({
    everyMs,
    most: mostMissed,
    onTick: (missed) => (promised ? ping() : probe(missed)),
    onSilent: () => giveUp(`silent for ${(mostMissed + 1) * everyMs} ms`),
  });

  /** Sends something now and then, so that a blocked connection is noticed before it is needed. */
  function ping(): void {
    if (writable && sent === sentAtTick) write([]);
    sentAtTick = sent;
  }

  /** An older server sends no signs of life by itself; one that is asked now and then does. */
  function probe(missed: number): void {
    if (missed !== 1) return;
    void isThere(client, mostMissed * everyMs).then((answered) => answered && silence.heard());
  }

  function write(appends: Append[]): boolean {
    sent++;
    writable = call.write({ appends });
    return writable;
  }

  /** What was sent before the last heartbeat should have arrived by this one. */
  function judge(heartbeat: Heartbeat): void {
    const waits =
      !heartbeat.paused && heartbeat.received === received && received < sentAtBeat && !over;
    late = waits ? late + 1 : 0;
    received = heartbeat.received;
    sentAtBeat = BigInt(sent);
    if (late > mostMissed)
      giveUp(`the server has not received what was sent ${late * everyMs} ms ago`);
  }

  function giveUp(reason: string): void {
    if (finished()) return;
    call.cancel();
    options.onSilent(reason);
  }

  /** Marks the end; true if it was marked before. */
  function finished(): boolean {
    if (over) return true;
    over = true;
    silence.stop();
    return false;
  }

  function heard(): void {
    heardAt = performance.now();
    silence.heard();
  }

  call.on('metadata', (initial) => {
    heard();
    promised = promisesHeartbeats(initial);
  });
  call.on('data', ({ results, heartbeat }: AppendEventsResponse) => {
    if (over) return;
    heard();
    options.onResults(results);
    if (heartbeat !== undefined) judge(heartbeat);
  });
  call.on('drain', () => {
    writable = true;
    if (!over) options.onDrain();
  });
  const ended = (error: Error | undefined) => finished() || options.onEnd(error);
  // Stays after the end, too: the library reports our own cancel as an error.
  call.on('error', ended);
  call.on('end', () => ended(undefined));
  return {
    write,
    alive: () => promised,
    quietMs: () => performance.now() - heardAt,
    giveUp,
    end: () => call.end(),
  };
}
