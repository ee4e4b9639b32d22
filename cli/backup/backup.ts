/**
 * Log and ledger as they belong together, read while everything runs. The head
 * first, then the log up to it, then the ledger: whatever the log tells of money is
 * then in the ledger. What the ledger has beyond that head is taken back: a line
 * whose order begins later is left out, and a void that is asked for later is not
 * in its line. So the backup is the system at one position, and after a restore the
 * payment worker finds what it did for each order that goes on, and looks at nothing
 * again that it was done with.
 */
import type { LogCurrency } from '../../services/eventstoresvc/log/log-currency.ts';
import type { CopiedEvent, LogCopy } from '../../services/eventstoresvc/recovery/log-copy.ts';
import type { CopiedLine, LedgerCopy } from '../../services/paymentworker/gateway/ledger-copy.ts';
import { eventTypes } from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Sums } from './content.ts';
import { contentWriter } from './content-writer.ts';

export interface BackupOptions {
  readonly log: Pick<LogCopy, 'head' | 'places' | 'page' | 'having'>;
  readonly currency: Pick<LogCurrency, 'written'>;
  readonly ledger: Pick<LedgerCopy, 'page'>;
  /** Resolves when there is room for more. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly onProgress?: (what: 'events' | 'lines', done: number, total?: number) => void;
}

export interface BackedUp extends Sums {
  readonly head: bigint;
  readonly bytes: number;
}

/**
 * Workers whose work is completely in log and ledger. The coordinator's is in its deadlines,
 * which are not copied: it reads the log from the start.
 */
const ANSWERING = [durables.payment, durables.review];

/** Writes the whole backup. If it rejects, what was written before is refused as a backup. */
export async function backup(
  ctx: Context,
  { log, currency, ledger, write, onProgress = () => undefined }: BackupOptions,
): Promise<BackedUp> {
  const content = contentWriter(write);
  // Before the head, so that the backup has every answer to events before a place.
  const places = await log.places(ctx, ANSWERING);
  const head = await log.head(ctx);
  const written = await currency.written(ctx);
  await content.begin({
    stream: ORDERS_STREAM,
    head: String(head),
    made_at: new Date().toISOString(),
    ...(written !== undefined && { currency: written }),
    places,
  });

  for await (const page of eventPages(ctx, log, head)) {
    for (const event of page) await content.event(event);
    onProgress('events', content.events, Number(head));
  }

  let leftOut = 0;
  for (let after = ''; ; ) {
    const page = await ledger.page(ctx, after);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.orderId;
    for (const line of await asOf(ctx, log, page, head)) {
      if (line === undefined) leftOut++;
      else await content.line(line);
    }
    onProgress('lines', content.lines);
  }
  return { ...(await content.end(leftOut)), head };
}

/** The log up to `head`; the next page loads while one is processed. */
export async function* eventPages(
  ctx: Context,
  log: Pick<LogCopy, 'page'>,
  head: bigint,
): AsyncGenerator<readonly CopiedEvent[], void, void> {
  const ask = (after: bigint) => {
    const page = after < head ? log.page(ctx, after, head) : Promise.resolve([]);
    // The error is reported where this is awaited.
    page.catch(() => undefined);
    return page;
  };
  for (let next = ask(0n); ; ) {
    const page = await next;
    const last = page.at(-1);
    if (last === undefined) return;
    next = ask(BigInt(last.position));
    yield page;
  }
}

const BEGINS = [eventTypes.created];
const ASKS_FOR_VOID = [eventTypes.voidrequested, eventTypes.paymentvoided];

/** The lines as of the log at `head`; undefined for those that came later. */
async function asOf(
  ctx: Context,
  log: Pick<LogCopy, 'having'>,
  lines: readonly CopiedLine[],
  head: bigint,
): Promise<readonly (CopiedLine | undefined)[]> {
  const orders = { aggregateType: ORDER_AGGREGATE, ids: lines.map(({ orderId }) => orderId) };
  const begun = await log.having(ctx, orders, BEGINS, head);
  const toVoid = await log.having(ctx, orders, ASKS_FOR_VOID, head);
  return lines.map((line) => {
    if (toVoid.has(line.orderId)) return line;
    // A tombstone is only a void.
    if (!begun.has(line.orderId) || line.kind === 'tombstone') return undefined;
    return { ...line, voidKey: null, voidedMicros: null };
  });
}
