/**
 * What the server answers to one statement, gathered here and row by row. The client
 * (postgres 3.4.9) counts an answer's rows for its whole connection, and goes on from that
 * count when a statement was ended behind its first rows: the next answer began with
 * as many holes. Where each row is handed over, its count is not used.
 */
import type postgres from 'postgres';
import type { Backend } from './cancel-statement.ts';
import type { Sql } from './sql-client.ts';

/** Begins one statement when it is called. */
export type Statement<Row extends object> = (sql: Sql) => postgres.PendingQuery<Row[]>;

/** An answer that is on its way. */
export interface Answer<Row> {
  /** Resolves at its end, rejects as the client says; `rows` tells what it was. */
  readonly ended: PromiseLike<Ending>;
  /** All its rows, once it ended; undefined where they cannot be believed. */
  rows(ending: Ending): readonly Row[] | undefined;
  /**
   * Whether rows of it have come without their end. An ERROR behind them leaves the
   * client in a state that was seen to spoil later answers.
   */
  torn(): boolean;
  /** Whose connection runs it at the server, for a request to cancel it; undefined before it was sent. */
  backend(): Backend | undefined;
}

/** What the client tells of a command, its rows apart; before its end without a name. */
interface Ending {
  readonly command: string | null;
  /** How many rows the server says that it returned, or wrote. */
  readonly count: number | null;
  readonly columns: readonly unknown[] | null;
}

/** Sends `query`. */
export function gather<Row extends object>(query: postgres.PendingQuery<Row[]>): Answer<Row> {
  const rows: Row[] = [];
  let behindRows: Ending | undefined;
  // Known to the client, but not to its types.
  const inside = query as unknown as { readonly retried?: unknown; readonly state?: unknown };
  const ended = query.forEach((row, ending) => {
    rows.push(row as Row);
    behindRows = ending;
  }) as unknown as PromiseLike<Ending>;
  return {
    ended,
    rows: (ending) =>
      // Where the server wants a statement planned again the client sends it again by
      // itself, and another one that is sent meanwhile was answered with its rows.
      inside.retried === undefined && isWhole(ending, rows.length) ? rows : undefined,
    torn: () => behindRows !== undefined && behindRows.command === null,
    backend: () => asBackend(inside.state),
  };
}

/** Whether an answer of `rows` rows is all that the server says it sent. Commands like SHOW do not say. */
const isWhole = ({ count, columns }: Ending, rows: number): boolean =>
  (columns ?? []).length === 0 ? rows === 0 : count === null || count === rows;

function asBackend(state: unknown): Backend | undefined {
  const { pid, secret } = (state ?? {}) as { pid?: unknown; secret?: unknown };
  return typeof pid === 'number' && typeof secret === 'number' ? { pid, secret } : undefined;
}
