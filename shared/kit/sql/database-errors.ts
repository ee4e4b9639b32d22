/** Turns a statement's failure into a CodedError for the caller, with the server's own words as the cause. */
import postgres from 'postgres';
import { CodedError } from '../errors.ts';
import { NOWHERE } from './sql-search.ts';

/** The SQLSTATE in `error` or its causes; undefined if the error did not come from the server. */
export function sqlState(error: unknown): string | undefined {
  for (
    let link = error, depth = 0;
    link instanceof Error && depth < 8;
    link = link.cause, depth++
  ) {
    if (link instanceof postgres.PostgresError) return link.code;
  }
  return undefined;
}

/** 40001 or the deadlock 40P01: the statement was rolled back as a whole. */
export const isSerializationFailure = (error: unknown): boolean =>
  ['40001', '40P01'].includes(sqlState(error) ?? '');

/** 25006: the server takes no writes any more, or never did. The statement had no effect. */
export const isReadOnly = (error: unknown): boolean => sqlState(error) === '25006';

/**
 * Nothing was done, and another try may succeed soon: the password was wrong (28P01), or the
 * server takes no writes.
 */
export const isRefused = (error: unknown): boolean =>
  sqlState(error) === '28P01' || isReadOnly(error);

/**
 * Nothing was done, and another host may do it: as above, or the login got no answer, the
 * server is starting or stopping (57P03), a standby does not have the database yet (3D000),
 * or no host took it. Only a login fails so.
 */
export const isUnsent = (error: unknown): boolean =>
  isRefused(error) || NO_LOGIN.has(sqlState(error)) || NOT_LET_IN.has(causeOf(error));

const NO_LOGIN = new Set<unknown>(['57P03', '3D000']);
const NOT_LET_IN = new Set<unknown>(['CONNECT_TIMEOUT', NOWHERE]);

/** The code of the client's own error. */
const causeOf = (error: unknown): unknown =>
  error instanceof CodedError ? causeOf(error.cause) : (error as { code?: unknown } | null)?.code;

/**
 * SQLSTATEs that mean the database is unavailable or the outcome unknown: classes 08
 * (connection), 28 (login), 53 (resources), 57 (operator intervention), 58 (system),
 * 25006 (a standby), 25P04 (transaction_timeout), 3D000 and 42P01 (not bootstrapped yet),
 * 40003 (completion unknown), XXC02 (licence throttle).
 */
const AWAY = /^(08|28|53|57|58)|^(25006|25P04|3D000|40003|42P01|XXC02)$/;

/** Codes of `postgres`' own errors, the system's (ECONNRESET, EMFILE), and those of TLS and of the login. */
const CONNECTION = /^(CONNECTION_|CONNECT_TIMEOUT|E(?!RR_)[A-Z_]+$|ERR_SSL|ERR_TLS|SASL_)|CERT/;

export function asCoded(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  const state = sqlState(error);
  const away =
    state !== undefined ? AWAY.test(state) : typeof code === 'string' && CONNECTION.test(code);
  if (away) return unavailable(error);
  if (state === '40001' || state === '40P01') {
    return new CodedError(
      'unavailable',
      'database_contended',
      'The database is too busy: the statement kept losing to concurrent ones.',
      {
        cause: error,
      },
    );
  }
  return new CodedError('internal', 'database_error', 'The database refused a statement.', {
    cause: error,
  });
}

/** The outcome of the statement is unknown. */
export const unavailable = (cause: unknown) =>
  new CodedError('unavailable', 'database_unavailable', 'The database is not available.', {
    cause,
  });

/** The statement timed out; its outcome is unknown. */
export const late = (ms: number) =>
  new CodedError('timeout', 'database_timeout', `The database did not answer in ${ms} ms.`);

export const overloaded = () =>
  new CodedError(
    'overloaded',
    'database_overloaded',
    'Too many queries wait for the database; this one was not sent.',
    { retryAfterMs: 1_000 },
  );

export const cancelled = () =>
  new CodedError('cancelled', 'cancelled', 'The caller stopped waiting.');

/**
 * Whether the connection can still be used: yes after an ERROR of the server, whatever
 * its class; after anything else it cannot be trusted.
 */
export const goesOn = (error: unknown): boolean =>
  error instanceof postgres.PostgresError &&
  // CockroachDB sets only one of the two fields.
  (error.severity ?? error.severity_local) === 'ERROR';
