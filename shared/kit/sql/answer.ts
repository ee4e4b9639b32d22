/**
 * Gathers the server's answer to one statement row by row. The client (postgres 3.4.9)
 * counts rows per connection, and does not reset the count if a statement ends after its
 * first rows: the next answer then began with that many holes. The count is not used when
 * each row is handed over.
 */
import type postgres from 'postgres';
import type { Backend } from './cancel-statement.ts';
import type { Sql } from './sql-client.ts';

/** Starts one statement when called. */
export type Statement<Row extends object> = (sql: Sql) => postgres.PendingQuery<Row[]>;

/** An answer in progress. */
export interface Answer<Row> {
  /**
   * Resolves at the end of the answer; rejects with the client's error. `rows` returns
   * the content.
   */
  readonly ended: PromiseLike<Ending>;
  /** All rows, once the answer has ended; undefined if they cannot be trusted. */
  rows(ending: Ending): readonly Row[] | undefined;
  /**
   * Whether rows have arrived without the end of the answer. An ERROR after them leaves
   * the client in a state that was seen to corrupt later answers.
   */
  torn(): boolean;
  /** The server's connection that runs the statement, for cancelling it; undefined until it is sent. */
  backend(): Backend | undefined;
}

/**
 * What the client reports about a command, besides its rows. `command` is null before the
 * end.
 */
interface Ending {
  readonly command: string | null;
  /** How many rows the server says it returned or wrote. */
  readonly count: number | null;
  readonly columns: readonly unknown[] | null;
}

/** Sends `query`. */
export function gather<Row extends object>(query: postgres.PendingQuery<Row[]>): Answer<Row> {
  const rows: Row[] = [];
  let behindRows: Ending | undefined;
  // The client has these, but its types do not.
  const inside = query as unknown as { readonly retried?: unknown; readonly state?: unknown };
  const ended = query.forEach((row, ending) => {
    rows.push(row as Row);
    behindRows = ending;
  }) as unknown as PromiseLike<Ending>;
  return {
    ended,
    rows: (ending) =>
      // If the server wants a statement planned again, the client resends it by itself,
      // and another statement sent meanwhile received its rows.
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
