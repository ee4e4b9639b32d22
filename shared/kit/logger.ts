import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Context } from './context.ts';
import { inOneLine } from './in-one-line.ts';
import { withoutCredentials } from './shown.ts';

export type { Logger };

export interface LoggerOptions {
  /** Name of the service; part of every line. */
  readonly service: string;
  /** Lowest level that is written; `silent` writes nothing. */
  readonly level: string;
  /** Lines for people instead of JSON. Default: whether standard output is a terminal. */
  readonly pretty?: boolean;
}

/**
 * Lines wait in memory while the reader of standard output is slow, up to this many
 * bytes; further ones are dropped, because logging must neither block the program nor
 * use up its memory.
 */
const bufferBytes = 8 * 1024 * 1024;

/** Values under these names never reach the log, whatever they are, at the top of a line or one level down. */
const secrets = ['password', 'secret', 'token', 'authorization', 'cookie'];

/** A text, a number or a list of texts at any depth of a line, under a name that has such a word in it. */
const SECRET_FIELD =
  /("[^"\\]*(?:passw|passphrase|secret|token|authorization|cookie|credential|api[-_]?key|private[-_]?key|nkey)[^"\\]*":)(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\["[^\]]*\])/gi;

/** What is left of a whole line. */
const withoutSecrets = (line: string): string =>
  withoutCredentials(line.replace(SECRET_FIELD, '$1"***"'));

/**
 * The process's logger, writing to standard output. JSON is written without
 * blocking and flushed when the process exits, also by `process.exit()`; only a
 * kill loses lines. It needs no closing.
 */
export function createLogger({ service, level, pretty: forPeople }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serialized },
    hooks: { streamWrite: withoutSecrets },
    redact: { paths: [...secrets, ...secrets.map((name) => `*.${name}`)], censor: '***' },
  };
  if (forPeople ?? process.stdout.isTTY) {
    const stream = pretty({
      sync: true,
      colorize: process.stdout.isTTY,
      singleLine: true,
      translateTime: 'SYS:HH:MM:ss.l',
      messageFormat: '{service}: {msg}',
      ignore: 'service',
    });
    return pino(options, stream);
  }
  // Lines are written at once; with a length of 0 `flush` would not wait for the write in
  // progress. One for all loggers of the process: two could write into each other's lines.
  stdout ??= pino.destination({ fd: 1, sync: false, minLength: 1, maxLength: bufferBytes });
  return pino(options, stdout);
}

let stdout: ReturnType<typeof pino.destination> | undefined;

/** Pino's form, but with each message of the chain once: pino repeats the messages of causes. */
function serialized(error: Error): unknown {
  const written: unknown = pino.stdSerializers.err(error);
  return error instanceof Error
    ? Object.assign(Object(written), { message: inOneLine(error) })
    : written;
}

/**
 * Resolves when all lines so far are written, or after half a second if nobody reads
 * them. Await it before `process.exit()`: lines flushed on exit can overtake a line that
 * is being written.
 */
export function flushed(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(resolve, 500);
    logger.flush(() => {
      clearTimeout(impatient);
      resolve();
    });
  });
}

/** The ids to search the log by: trace and span, if there are any, and correlation. */
export function logFields(ctx: Context): {
  trace_id?: string;
  span_id?: string;
  correlation_id: string;
} {
  const span = trace.getSpanContext(ctx.telemetry);
  return span !== undefined && isSpanContextValid(span)
    ? { trace_id: span.traceId, span_id: span.spanId, correlation_id: ctx.correlationId }
    : { correlation_id: ctx.correlationId };
}

/** A logger that writes nothing. */
export const silentLogger: Logger = pino({ level: 'silent', enabled: false });
