/**
 * Sends one statement over one connection of a pool, and decides what happens to the
 * connection. One that cannot be trusted is replaced, alone:
 *
 * - `silent`: a statement passed its deadline. It is cancelled, because otherwise it
 *   would hold a backend that nobody waits for.
 * - `idle`: it was idle for some seconds, and did not answer when checked.
 * - `lost`: the failure was not an ERROR of the server, after which a connection goes on.
 * - `read-only`: the server takes no writes, although it once did.
 * - `moved`: another server was found to take writes since.
 * - `torn`: rows came without their end, or not as many as the server says.
 *
 * Other statements in progress on a replaced connection are rejected, and their outcome
 * is unknown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import { frameMetrics } from '../metrics/frame-metrics.ts';
import { type Meter, noMeter } from '../metrics/meter.ts';
import { type Answer, gather, type Statement } from './answer.ts';
import type { Backend } from './cancel-statement.ts';
import {
  type Connection,
  type ConnectionOptions,
  openConnections,
  type Sql,
} from './connections.ts';
import { goesOn, isReadOnly, late, sqlState, unavailable } from './database-errors.ts';

export interface StatementsOptions extends ConnectionOptions {
  readonly logger: Logger;
  readonly meter?: Meter;
}

export interface Statements {
  /**
   * Starts a statement, and settles it through `resolve` or `reject`. Resolves when its
   * connection is free again or given up. Rejects if `begin` throws.
   */
  send<Row extends object>(
    begin: Statement<Row>,
    resolve: (rows: readonly Row[]) => void,
    reject: (reason: unknown) => void,
  ): Promise<void>;
  /** Waits at most `timeout` seconds for statements in progress. */
  end(timeout: number): Promise<void>;
}

/** Why a connection was replaced. */
type Reason = 'silent' | 'idle' | 'lost' | 'read-only' | 'moved' | 'torn';

/** The reasons that do not speak against the server that is asked next. */
const AT_ONCE: ReadonlySet<Reason> = new Set(['torn', 'idle', 'moved']);

/**
 * How long an idle connection may take to prove that it is alive, in milliseconds; at
 * most half of the statement's time.
 */
const PROOF_MS = 2_000;

/** A silent server gets each connection replaced; that is logged at most this often. */
const TELL_EVERY_MS = 1_000;

/** @param silent called when a statement sent at `sentAt` passes its deadline */
export function createStatements(
  options: StatementsOptions,
  silent: (sentAt: number) => void,
): Statements {
  const { logger, name, queryTimeoutMs, meter = noMeter } = options;
  const connections = openConnections(options);
  const pool = { 'db.client.connection.pool.name': name.replaceAll(' ', '_') };
  const replacements = meter.counter(frameMetrics.databaseReplaced);
  const durations = meter.histogram(frameMetrics.databaseDuration);
  const labels = { 'db.system.name': 'postgresql', ...pool };
  const went = durations.with({ ...labels, 'error.type': undefined });
  let toldAt = Number.NEGATIVE_INFINITY;

  function replace(connection: Connection, sql: Sql, reason: Reason, backend?: Backend): void {
    // A server that answers may be asked again at once; one that does not gets some time.
    const afterMs = AT_ONCE.has(reason) ? 0 : reconnectDelayMs();
    if (!connections.replace(connection, sql, afterMs, backend)) return;
    replacements.add(1, { ...pool, reason });
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    logger.warn({ database: name, reason }, 'replacing a connection to the database');
  }

  /** Makes `connection` answer something, and replaces its client if that takes too long. */
  async function prove(connection: Connection): Promise<void> {
    const { sql } = connection;
    const { ended, backend } = gather(sql`select 1 as alive`);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const patience = setTimeout(resolve, Math.min(PROOF_MS, queryTimeoutMs / 2), false);
    ended.then(
      () => resolve(true),
      (error) => resolve(goesOn(error)),
    );
    const alive = await promise;
    clearTimeout(patience);
    if (alive) connection.heard();
    else replace(connection, sql, 'idle', backend());
  }

  async function send<Row extends object>(
    begin: Statement<Row>,
    resolve: (rows: readonly Row[]) => void,
    reject: (reason: unknown) => void,
  ): Promise<void> {
    const connection = connections.take();
    const waitMs = connection.notBefore - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    if (connection.moved()) replace(connection, connection.sql, 'moved');
    else if (connection.doubtful()) await prove(connection);
    const { sql } = connection;
    const sentAt = performance.now();
    let answer: Answer<Row>;
    try {
      answer = gather(begin(sql));
    } catch (error) {
      connections.giveBack(connection);
      throw error;
    }
    const { promise, resolve: over } = Promise.withResolvers<void>();
    let waiting = true;
    /** False if the statement had already ended. */
    const end = (replaced?: Reason, error?: string): boolean => {
      if (!waiting) return false;
      waiting = false;
      clearTimeout(silence);
      const problem = replaced ?? error;
      const series =
        problem === undefined ? went : durations.with({ ...labels, 'error.type': problem });
      series.record((performance.now() - sentAt) / 1_000);
      if (replaced === undefined) connection.heard();
      else replace(connection, sql, replaced, replaced === 'silent' ? answer.backend() : undefined);
      connections.giveBack(connection);
      over();
      return true;
    };
    const silence = setTimeout(() => {
      end('silent');
      silent(sentAt);
      connections.suspect(sentAt);
      reject(late(queryTimeoutMs));
    }, queryTimeoutMs);
    answer.ended.then(
      (ending) => {
        // Rows from a client that was given up are not trusted either.
        const rows = connection.sql === sql ? answer.rows(ending) : undefined;
        if (!end(rows === undefined ? 'torn' : undefined)) return;
        if (rows === undefined) reject(unavailable(new Error('The answer was incomplete.')));
        else resolve(rows);
      },
      (error) => {
        const onward = goesOn(error);
        if (!end(reasonAfter(error, answer.torn()), sqlState(error) ?? '_OTHER')) return;
        // With pipelining the client may blame this statement for another one's fault.
        reject(onward || options.pipeline === undefined ? error : unavailable(error));
      },
    );
    return promise;
  }

  return { send, end: connections.end };
}

/** Why the connection of a statement that failed with `error` is not used on; undefined if it is. */
function reasonAfter(error: unknown, torn: boolean): Reason | undefined {
  if (!goesOn(error)) return 'lost';
  if (isReadOnly(error)) return 'read-only';
  return torn ? 'torn' : undefined;
}

/** Constant and short: the pool must be back as soon as the server is. */
const reconnectDelayMs = () => 200 + Math.random() * 100;
