/**
 * Answers requests that cannot be served, because Node's HTTP parser rejects them or
 * because they ask for something unsupported. By default Node answers these with a bare
 * status, or closes without a word.
 */
import {
  type IncomingMessage,
  METHODS,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { background } from '../../../context.ts';
import { CodedError } from '../../../errors.ts';
import { traceId } from '../../../trace-id.ts';
import type { Hook } from '../../hooks.ts';
import type { HttpExchange } from '../exchange.ts';
import { type Refusal, refusalDocument } from '../problem.ts';
import { safeHeaders } from '../safe-headers.ts';
import { pendingAnswers } from './pending.ts';

const malformed: Refusal = {
  status: 400,
  code: 'malformed_request',
  detail: 'This is not an HTTP/1.1 request.',
};

/** By the code of Node's error; all others are `malformed`. */
const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'headers_too_large',
    detail: 'The address and headers together are too large, or too many.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: 'body_too_large',
    detail: 'The extensions of a chunk are too large.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'request_timeout',
    detail: 'The request did not arrive completely in time; send it again on a new connection.',
  },
};

const notImplemented: Refusal = {
  status: 501,
  code: 'method_not_implemented',
  detail: 'No address here supports this method.',
};

const expectationFailed: Refusal = {
  status: 417,
  code: 'expectation_failed',
  detail: 'The only Expect allowed is 100-continue.',
};

const tooManyAtOnce: Refusal = {
  status: 429,
  code: 'rate_limited',
  detail:
    'Too many requests wait for answers on this connection. Requests without an answer were not processed: send them again on a new connection.',
};

/**
 * How many requests of one connection are served at once; Node would start all that it
 * receives. A client that does not wait for answers seldom sends more than ten.
 */
const MAX_AT_ONCE = 100;

/** Node's report of what its parser cannot read, with the bytes that it examined. */
type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/** A complete request line whose method Node does not know. */
const requestLine = /^([!#$%&'*+.^`|~\w-]+) \S+ HTTP\/1\.[01]\r?\n/;

/** How long a refused caller has to read the reason, in milliseconds. */
const LINGER_MS = 1_000;

/** What a server does once `refuseUnserved` looks after it. */
export interface Refusing {
  /**
   * Marks the request being served as the last of its connection: later ones are ignored,
   * because their answers would reach nobody (RFC 9112, 9.6).
   */
  last(socket: Duplex): void;
}

/**
 * Answers on `server` what Node would refuse, and requests beyond the limit of one
 * connection: each gets a problem document with a code and, through `hook`, its own
 * trace, and its connection is closed. Earlier requests on the connection are answered
 * first; nothing is written into the middle of an answer. All other requests go to
 * `serve`.
 *
 * @param problemTypes as in HttpServerOptions
 */
export function refuseUnserved(
  server: Server,
  hook: Hook<HttpExchange>,
  problemTypes: string,
  serve: RequestListener,
): Refusing {
  const pending = pendingAnswers();
  const refused = new WeakSet<Duplex>();
  const ending = new WeakSet<Duplex>();
  /** Requests whose headers have arrived, by connection. */
  const begun = new WeakMap<Duplex, number>();

  /** False if the request must not be served; then it has been dealt with. */
  function admitted({ socket }: IncomingMessage, response: ServerResponse): boolean {
    begun.set(socket, (begun.get(socket) ?? 0) + 1);
    if (ending.has(socket) || refused.has(socket)) return false;
    if (pending.count(socket) >= MAX_AT_ONCE) {
      refused.add(socket);
      stopReading(socket);
      void refuseAfterDue(socket, tooManyAtOnce);
      return false;
    }
    pending.add(response);
    return true;
  }

  const onRequest: RequestListener = (request, response) => {
    if (admitted(request, response)) serve(request, response);
  };
  // A client that waits for 100 gets it once its body is needed; otherwise Node closes
  // the connection, because the body may or may not come.
  server.on('request', onRequest).on('checkContinue', onRequest);

  server.on('clientError', (error: ParserError, socket) => {
    // Node reports again with each further packet, and at each check of its timeouts.
    if (refused.has(socket)) return;
    // Node checks the clock before it reads: after a pause of this process the rest is
    // still unread.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return void refuseUnlessRead(socket);
    refused.add(socket);
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy(error);
      return;
    }
    const refusal = unknownMethod(error) ? notImplemented : refusals[error.code ?? ''];
    void refuseAfterDue(socket, refusal ?? malformed);
  });

  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (!admitted(request, response)) return;
    ending.add(request.socket);
    const head = answerTo(expectationFailed, told(hook, expectationFailed, request), problemTypes);
    response.writeHead(expectationFailed.status, head.headers).end(head.body);
  });

  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    // Node has released the socket, and no longer handles its errors.
    socket.on('error', () => socket.destroy());
    void due(socket).then(() => {
      const trace = told(hook, notImplemented, request);
      writeAndClose(socket, answerTo(notImplemented, trace, problemTypes));
    });
  });

  function refuseUnlessRead(socket: Duplex): void {
    const before = begun.get(socket);
    const unread = pending.unread(socket);
    setImmediate(() => {
      const read = unread === undefined ? begun.get(socket) !== before : unread.req.complete;
      if (read || refused.has(socket)) return;
      refused.add(socket);
      void refuseAfterDue(socket, refusals.ERR_HTTP_REQUEST_TIMEOUT ?? malformed);
    });
  }

  async function refuseAfterDue(socket: Duplex, refusal: Refusal): Promise<void> {
    const broken = pending.unread(socket);
    await due(socket, broken);
    if (broken?.headersSent) {
      // It has its answer: a second one would pass for the answer to a later request.
      await due(socket);
      endSoon(socket);
      return;
    }
    const known = broken?.getHeader('x-trace-id');
    const trace = known === undefined ? told(hook, refusal) : String(known);
    writeAndClose(socket, answerTo(refusal, trace, problemTypes));
  }

  /** A client that keeps sending is not idle, but gets no more time than one that is. */
  async function due(socket: Duplex, except?: ServerResponse): Promise<void> {
    const deadline = setTimeout(() => socket.destroy(), server.timeout);
    await pending.due(socket, except);
    clearTimeout(deadline);
  }

  return { last: (socket) => ending.add(socket) };
}

/** Another read of the body on this connection would resume it. */
function stopReading(socket: Duplex): void {
  socket.on('resume', () => socket.pause());
  socket.pause();
}

/** Reports a refused request to `hook`; returns the id of its trace, empty if it has none. */
function told(hook: Hook<HttpExchange>, refusal: Refusal, request?: IncomingMessage): string {
  const exchange: HttpExchange = {
    // OpenTelemetry's name for an unknown method.
    method: request?.method ?? '_OTHER',
    path: '',
    route: undefined,
    params: {},
    header: (name) => {
      const value = request?.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
  const ctx = hook.before(background(), exchange);
  const error = new CodedError('malformed', refusal.code, refusal.detail);
  hook.after(ctx, exchange, { status: refusal.status, error });
  return traceId(ctx);
}

/** A whole answer, to be written by hand. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function answerTo(refusal: Refusal, trace: string, problemTypes: string): Answer {
  const body = JSON.stringify(refusalDocument(refusal, trace, problemTypes));
  const headers = {
    ...safeHeaders,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    ...(refusal.status === 429 && { 'retry-after': '1' }),
    ...(trace !== '' && { 'x-trace-id': trace }),
  };
  return { status: refusal.status, headers, body };
}

/** Closing at once could destroy the answer: data still arriving would reset the connection. */
function writeAndClose(socket: Duplex, { status, headers, body }: Answer): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status]}`;
  endSoon(socket, `${statusLine}\r\n${lines.join('')}\r\n${body}`);
}

function endSoon(socket: Duplex, lastWords = ''): void {
  const close = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(close));
  socket.end(lastWords);
}

function unknownMethod(error: ParserError): boolean {
  if (error.code !== 'HPE_INVALID_METHOD') return false;
  const [, method] = requestLine.exec(error.rawPacket?.toString('latin1') ?? '') ?? [];
  // If the method is known, the packet has it before the unreadable part.
  return method !== undefined && !METHODS.includes(method);
}
