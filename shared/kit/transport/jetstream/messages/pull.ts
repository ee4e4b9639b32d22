import { setTimeout as delay } from 'node:timers/promises';
import { createInbox, type Msg, type NatsConnection, nanos } from 'nats';
import { watchSilence } from '../../../silence.ts';
import { connectionStatus } from '../../nats/nats-status.ts';
import { type PulledMessage, pulledMessage } from './pulled-message.ts';

export interface PullOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** Name of a pull consumer that exists. */
  readonly consumer: string;
  /** How many messages may be held at once. */
  readonly limit: number;
  /** How many are held now. Never more come than make up the limit. */
  readonly held: () => number;
  /** Called for each message, in the order of the stream. Must not throw. */
  readonly onMessage: (message: PulledMessage) => void;
  /** Called when it ends for want of heartbeats. */
  readonly onSilent?: () => void;
}

/** Requests to a pull consumer, kept up as there is room. */
export interface Pull {
  /** Resolves, with the reason, when no more messages will come. Never rejects. */
  readonly ended: Promise<string>;
  /** True while the server owes us messages, so that silence means there are none. */
  waiting(): boolean;
  /** To be called when there is more room. Cheap. */
  refill(): void;
  /** Ends it from our side. */
  end(reason: string): void;
  /**
   * Stops asking, and resolves when what was under way has been given to
   * `onMessage`, within a second. May be called twice.
   */
  close(): Promise<void>;
}

/** A request is asked again after this; it only bounds how long a forgotten one lives on the server. */
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** Heartbeats missed in a row until the consumer is given up. */
const MAX_MISSED = 3;
const CLOSE_MS = 1_000;

/**
 * Pulls from a consumer until it is closed or anything at all goes wrong:
 * consumer or stream deleted, no answer, missed heartbeats, connection lost.
 * Then it ends and says why, rather than repair itself, so that there is one
 * place that restarts. (The client's `consume` neither ends nor throws when
 * its stream is deleted and recreated, and its `fetch` asks for the next batch
 * only when the last has been filled.)
 */
export function openPull(options: PullOptions): Pull {
  const { connection, limit, held } = options;
  const next = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${options.consumer}`;
  const inbox = createInbox();
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<string>();
  let outstanding = 0;
  let open = true;

  function refill(): void {
    if (!open) return;
    const room = limit - held() - outstanding;
    // Asking for each message costs a request each; asking when half is used
    // keeps the next ones under way without a pause.
    if (room <= 0 || (outstanding > 0 && room < limit / 2)) return;
    if (outstanding === 0) silence.heard();
    outstanding += room;
    const expires = nanos(EXPIRES_MS);
    const request = { batch: room, expires, idle_heartbeat: nanos(HEARTBEAT_MS) };
    try {
      connection.publish(next, JSON.stringify(request), { reply: inbox });
    } catch (error) {
      end(error instanceof Error ? error.message : String(error));
    }
  }

  function status(message: Msg): void {
    const code = message.headers?.code;
    if (code === 100) return;
    const left = Number(message.headers?.get('Nats-Pending-Messages') || Number.NaN);
    if (code === 408 && left > 0) {
      outstanding -= left;
      refill();
      return;
    }
    // 409 consumer deleted, leadership change, server shutdown; 503 nobody there; or unheard of.
    end(code === 503 ? 'no such consumer' : `${code} ${message.headers?.description ?? ''}`.trim());
  }

  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error) return end(error.message);
      silence.heard();
      if (message.subject === inbox) return status(message);
      outstanding--;
      options.onMessage(pulledMessage(message));
      refill();
    },
  });
  const silence = watchSilence({
    everyMs: HEARTBEAT_MS,
    most: MAX_MISSED,
    due: () => outstanding > 0,
    onSilent: () => {
      options.onSilent?.();
      end('heartbeats missed');
    },
  });
  const stopListening = connectionStatus(connection).listen((connected) => {
    if (!connected) end('connection lost');
  });

  function release(reason: string): void {
    open = false;
    silence.stop();
    stopListening();
    resolveEnded(reason);
  }

  function end(reason: string): void {
    if (!open) return;
    release(reason);
    subscription.unsubscribe();
  }

  refill();
  return {
    ended,
    waiting: () => open && outstanding > 0,
    refill,
    end,
    close: async () => {
      if (!open) return;
      release('closed');
      const drained = new AbortController();
      await Promise.race([
        subscription.drain().catch(() => undefined),
        delay(CLOSE_MS, undefined, { signal: drained.signal }).catch(() => undefined),
      ]);
      drained.abort();
    },
  };
}
