/** Checks every call before its handler sees it, and while it is open. */
import { constants, type ServerHttp2Stream } from 'node:http2';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerListener,
  type ServerMethodDefinition,
  status,
} from '@grpc/grpc-js';
import { CodedError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Meter } from '../../metrics/meter.ts';
import { isLoopback } from '../../process/address/loopback.ts';
import { seldom } from '../../seldom.ts';
import { byteBudget } from '../byte-budget.ts';
import { peerName } from '../connection-room.ts';
import { type Silence, watchSilence } from '../silence.ts';
import { rememberCaller } from '../tls/caller.ts';
import { createFrames } from './frames.ts';
import { toServiceError } from './grpc-status.ts';
import type { GrpcLimits } from './limits.ts';
import { measuringCalls } from './metrics/call-metrics.ts';
import { openCalls } from './open-calls.ts';
import { refusedByLibrary, type SentStatus } from './refused-calls.ts';

type Method = ServerMethodDefinition<unknown, unknown>;

export interface CallGuard {
  readonly interceptor: ServerInterceptor;
  /** The number of open calls. */
  open(): number;
}

export interface CallGuardOptions {
  readonly limits: GrpcLimits;
  readonly logger: Logger;
  readonly meter: Meter;
  /** A call of the connection begins or ends; `peer` is its address and port. */
  readonly onCall: (peer: string, begins: boolean) => void;
  /** Who is on the connection, where callers show certificates. One that names nobody is refused. */
  readonly identity?: ((peer: string) => string | undefined) | undefined;
  /** Whether this caller may call this method at all; the refusal if not. */
  readonly authorize?: ((identity: string, method: string) => CodedError | undefined) | undefined;
}

/** A call with its HTTP/2 stream, which grpc-js does not expose. */
type Call = ServerInterceptingCallInterface & { readonly stream?: ServerHttp2Stream };

/** What the log says of a refusal. */
type Told = Pick<CodedError, 'code' | 'message'>;

/** How often the same refusal is logged, in milliseconds. */
const TELL_EVERY_MS = 10_000;
/** How often a message that does not arrive is checked before it is refused. */
const LOOKS = 10;
/** How long the reason of a refusal has to be sent, in milliseconds; nothing reports when it was. */
const LAST_WORDS_MS = 100;

/**
 * Enforces `limits`: how many calls are open, how many bytes of requests are held, how
 * long a request may take to arrive, and how long an answer may wait for its reader. It
 * also gives a code to every status that the library creates itself. A refusal reaches
 * the client as a status, and the log now and then.
 */
export function callGuard(options: CallGuardOptions): CallGuard {
  const { limits, logger, onCall, identity, authorize } = options;
  const calls = openCalls(limits);
  const requests = byteBudget(limits.maxRequestBytes);
  const measured = measuringCalls(options.meter);
  const tellers = new Map<string, (method: string, told: Told) => void>();

  /** Logs one line for each code now and then, with the count. */
  function tell({ path }: Method, error: Told): void {
    let teller = tellers.get(error.code);
    if (teller === undefined) {
      teller = seldom(TELL_EVERY_MS, (leftOut, method: string, { code, message }: Told) =>
        logger.warn({ method, code, reason: message, since: leftOut }, 'a call was refused'),
      );
      tellers.set(error.code, teller);
    }
    teller(path, error);
  }

  /** Remembers who calls, for the handler; or says why nobody of that name may. */
  function strange(method: Method, peer: string, metadata: Metadata): CodedError | undefined {
    if (identity === undefined) return undefined;
    const caller = identity(peer);
    if (caller === undefined) return nobody();
    rememberCaller(metadata, caller);
    return authorize?.(caller, method.path);
  }

  function refusal(method: Method, owner: string, metadata: Metadata): CodedError | undefined {
    const bytes = sizeOf(metadata);
    if (bytes > limits.maxMetadataBytes) {
      return new CodedError(
        'too_large',
        'metadata_too_large',
        `The metadata is ${bytes} bytes, at most ${limits.maxMetadataBytes} are allowed.`,
      );
    }
    return calls.makeRoom(method, owner) ? undefined : tooManyCalls();
  }

  const interceptor = (method: Method, call: Call) => {
    const send = call.sendStatus.bind(call);
    const ended = measured(method.path);
    const { address, peer } = peerOf(call);
    // On loopback all clients share one address, so there each connection counts as a
    // client.
    const owner = isLoopback(address) ? peer : address;
    // No interceptor sees the statuses that the library creates. It sends them through
    // this method, like all others.
    call.sendStatus = (sent) => {
      const library = refusedByLibrary(sent, limits.maxMessageBytes);
      if (library !== undefined || method.requestStream) tellStatus(library ?? sent);
      ended((library ?? sent).code ?? status.UNKNOWN);
      send(library ?? sent);
    };
    const frames = createFrames();
    const sizes: number[] = [];
    let leave: (() => void) | undefined;
    let heard = () => {};
    let over = false;
    let held = 0;
    let arriving: Silence | undefined;

    function tellStatus({ code, details, metadata }: SentStatus): void {
      // The onion logs the two that the caller caused.
      if (code === status.OK || code === status.CANCELLED || code === status.DEADLINE_EXCEEDED) {
        return;
      }
      const known = String(metadata?.get('error-code')[0] ?? status[code ?? status.UNKNOWN]);
      tell(method, { code: known, message: details ?? '' });
    }

    function refuse(error: CodedError): void {
      if (over) return;
      over = true;
      tell(method, error);
      // Otherwise the client could keep sending, and the data would be kept. Node's own
      // client would not see a reset without an error while it sends.
      cutWhenTold(call);
      send(toServiceError(error));
    }

    /** The request, or its next part, is due. */
    function expect(): void {
      arriving ??= watchSilence({
        everyMs: Math.ceil(limits.requestMs / LOOKS),
        most: LOOKS - 1,
        onSilent: () => refuse(incomplete(limits.requestMs)),
      });
    }

    function arrived(): void {
      arriving?.stop();
      arriving = undefined;
    }

    function hold(bytes: Buffer): void {
      if (over) return;
      if (!requests.take(bytes.length)) {
        refuse(tooManyBytes());
        return;
      }
      held += bytes.length;
      if (!method.requestStream) return;
      heard();
      // Judge by the bytes and not by the handler, which may be slow to take the next
      // message.
      const whole = frames.take(bytes);
      if (whole.length > 0) arrived();
      sizes.push(...whole);
      if (frames.partial()) expect();
    }

    function release(bytes = held): void {
      requests.give(bytes);
      held -= bytes;
    }

    return new GuardedCall(call, limits.stalledMs, {
      onReceiveMetadata: (metadata, next) => {
        const error = strange(method, peer, metadata) ?? refusal(method, owner, metadata);
        if (error !== undefined) return refuse(error);
        const entered = calls.enter(method, owner, () => refuse(madeRoom()));
        leave = entered.leave;
        heard = entered.heard;
        onCall(peer, true);
        expect();
        // The library pauses the stream until its handler reads, so nothing was missed.
        call.stream?.on('data', hold);
        next(metadata);
      },
      onReceiveMessage: (message, next) => {
        if (method.requestStream) release(sizes.shift() ?? 0);
        next(message);
      },
      onReceiveHalfClose: (next) => {
        arrived();
        next();
      },
      // Runs at the end of every call, however it ended.
      onCancel: () => {
        over = true;
        ended(status.CANCELLED);
        arrived();
        release();
        if (leave === undefined) return;
        leave();
        onCall(peer, false);
      },
    });
  };
  return { interceptor, open: calls.count };
}

/** A call that is cut off if an answer waits too long for its reader. */
class GuardedCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #stalledMs: number;

  constructor(call: ServerInterceptingCallInterface, stalledMs: number, listener: ServerListener) {
    super(call, { start: (next) => next(listener) });
    this.#call = call;
    this.#stalledMs = stalledMs;
  }

  // This reader takes nothing, so a status would not reach it.
  override sendMessage(message: unknown, sent: () => void): void {
    let waits = true;
    const late = () => waits && cut(this.#call);
    // After a pause of this process, the socket may still hold word that the reader took
    // something.
    const stalled = setTimeout(setImmediate, this.#stalledMs, late).unref();
    super.sendMessage(message, () => {
      waits = false;
      clearTimeout(stalled);
      sent();
    });
  }
}

/** Resets the stream of a call once its status is sent: a reset discards what waits to be sent. */
function cutWhenTold(call: Call): void {
  setTimeout(cut, LAST_WORDS_MS, call).unref();
}

/** Resets the stream of a call, which frees whatever is kept for it. */
function cut(call: Call): void {
  if (call.stream?.closed === false) call.stream.close(constants.NGHTTP2_CANCEL);
}

function peerOf(call: Call) {
  const { remoteAddress: address = '', remotePort } = call.getConnectionInfo();
  return { address, peer: peerName(address, remotePort) };
}

function sizeOf(metadata: Metadata): number {
  let bytes = 0;
  for (const [key, values] of Object.entries(metadata.toHttp2Headers())) {
    for (const value of Array.isArray(values) ? values : [values]) {
      bytes += key.length + String(value).length;
    }
  }
  return bytes;
}

const nobody = () =>
  new CodedError(
    'unauthenticated',
    'no_identity',
    'The certificate of the connection names nobody who is known here.',
  );

const tooManyCalls = () =>
  new CodedError('overloaded', 'too_many_calls', 'Too many calls are open; try again later.', {
    retryAfterMs: 1_000,
  });

const tooManyBytes = () =>
  new CodedError(
    'overloaded',
    'too_many_bytes',
    'Too much data is arriving at once; try again later.',
    { retryAfterMs: 1_000 },
  );

const incomplete = (ms: number) =>
  new CodedError('timeout', 'request_incomplete', `The request did not arrive within ${ms} ms.`);

const madeRoom = () =>
  new CodedError(
    'unavailable',
    'stream_idle',
    'The stream was silent and another client needed its place; open it again.',
    { retryAfterMs: 1_000 },
  );
