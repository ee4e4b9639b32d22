import type { Msg, MsgHdrs } from 'nats';

/** A message of a stream as readers get it, without any way to acknowledge it. */
export interface StreamMessage {
  readonly subject: string;
  readonly sequence: bigint;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

/** A message with the ways to answer it. Only the first answer counts; working() is none. */
export interface PulledMessage extends StreamMessage {
  /** 1 for the first delivery. */
  readonly deliveries: number;
  ack(): void;
  /** Deliver again after `delayMs`, which is at least 1: a bare nak burns all deliveries at once. */
  nak(delayMs: number): void;
  /** Never deliver again. */
  term(reason: string): void;
  /** Restarts the wait for an acknowledgement. */
  working(): void;
}

const utf8 = new TextEncoder();
const ACK = utf8.encode('+ACK');
const WORKING = utf8.encode('+WPI');

/**
 * Reads what the server put into the reply subject:
 * `$JS.ACK.[<domain>.<account hash>.]<stream>.<consumer>.<deliveries>.<stream
 * sequence>.<consumer sequence>.<timestamp>.<pending>[.<random>]` (ADR-15 of
 * NATS). The client's own reader turns the sequences into numbers, and is not exported.
 */
export function pulledMessage(message: Msg): PulledMessage {
  const tokens = (message.reply ?? '').split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) {
    throw new Error(`A message on ${message.subject} did not come from a consumer.`);
  }
  const at = tokens.length === 9 ? 2 : 4;
  let answered = false;
  const say = (payload: Uint8Array) => {
    try {
      message.respond(payload);
    } catch {
      // The connection is closed: the server will deliver the message again.
    }
  };
  const answer = (payload: Uint8Array) => {
    if (answered) return;
    answered = true;
    say(payload);
  };
  return {
    subject: message.subject,
    sequence: BigInt(tokens[at + 3] ?? ''),
    get headers() {
      return message.headers;
    },
    data: message.data,
    deliveries: Number(tokens[at + 2]),
    ack: () => answer(ACK),
    nak: (delayMs) => {
      const delay = Math.max(1, Math.ceil(delayMs)) * 1_000_000;
      answer(utf8.encode(`-NAK {"delay":${delay}}`));
    },
    term: (reason) => answer(utf8.encode(`+TERM ${reason}`)),
    working: () => {
      if (!answered) say(WORKING);
    },
  };
}
