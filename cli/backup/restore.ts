/**
 * A backup put into an empty system whose services are down. The file is read
 * twice: first to see that it is whole, and only then to write. What was written is
 * read back and held against the file's own sum; then the log's head moves, and
 * until it does there is no event for anybody. Killed, it is gone on with by
 * running it again with the same file.
 */
import type { LogCurrency } from '../../services/eventstoresvc/log/log-currency.ts';
import type { LogCopy } from '../../services/eventstoresvc/recovery/log-copy.ts';
import type { LedgerCopy } from '../../services/paymentworker/gateway/ledger-copy.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Currency } from '../../shared/money/currency.ts';
import { eventPages } from './backup.ts';
import { contentSums, type Header, readContent, type Sums } from './content.ts';

export interface RestoreOptions {
  /** The backup from its first byte on; called twice. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly log: LogCopy;
  readonly currency: Pick<LogCurrency, 'replace'>;
  readonly ledger: LedgerCopy;
  readonly onProgress?: (
    what: 'checked' | 'events' | 'lines' | 'read back',
    done: number,
    total?: number,
  ) => void;
}

export interface Restored extends Sums {
  readonly head: bigint;
  readonly madeAt: string;
  /** The log's currency; undefined if the backup does not name it. */
  readonly currency: Currency | undefined;
  /** An earlier restore of the same backup was unfinished. */
  readonly wentOn: boolean;
}

/** A backup's description of itself. */
export interface Checked {
  readonly header: Header;
  readonly sums: Sums;
}

/** Reads a whole backup. Rejects with `backup_damaged` unless it is intact. */
export async function check(
  bytes: AsyncIterable<Uint8Array>,
  onProgress: (events: number, total: number) => void = () => undefined,
): Promise<Checked> {
  let header: Header | undefined;
  let sums: Sums | undefined;
  let events = 0;
  for await (const content of readContent(bytes)) {
    if (content.kind === 'header') header = content.header;
    if (content.kind === 'sums') sums = content.sums;
    if (content.kind !== 'events') continue;
    events += content.events.length;
    onProgress(events, Number(header?.head));
  }
  if (header === undefined || sums === undefined) throw new Error('a backup has no end');
  return { header, sums };
}

/**
 * Rejects with `backup_damaged` and `restore_not_empty` without having written anything, and
 * with `restore_differs` if the database does not return what was written.
 */
export async function restore(
  ctx: Context,
  { bytes, log, currency, ledger, onProgress = () => undefined }: RestoreOptions,
): Promise<Restored> {
  const { header, sums } = await check(bytes(), (done, total) =>
    onProgress('checked', done, total),
  );
  if (header.stream !== ORDERS_STREAM) {
    const message = `The backup is of stream ${header.stream}, not ${ORDERS_STREAM}.`;
    throw new CodedError('invalid', 'backup_of_another_stream', message);
  }
  const head = BigInt(header.head);
  const name = sums.content.slice(0, 32);
  const begun = await log.begun(ctx);
  if (begun !== name) {
    if (begun !== undefined || !(await log.isEmpty(ctx)) || !(await ledger.isEmpty(ctx))) {
      throw notEmpty(begun);
    }
    await log.begin(ctx, name);
  }

  // A currency recorded beside the empty log says nothing about these events. If the backup names
  // none either, none may be recorded: the first service to start records it.
  await currency.replace(ctx, header.currency);
  await writeAll(ctx, { bytes, log, ledger, onProgress }, sums);

  const back = contentSums();
  for await (const page of eventPages(ctx, log, head)) {
    for (const event of page) back.event(event);
    onProgress('read back', back.events, sums.events);
  }
  for (let after = ''; ; ) {
    const page = await ledger.page(ctx, after);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.orderId;
    for (const line of page) back.line(line);
  }
  if (back.content() !== sums.content) throw differs();
  // An empty log's head is already right.
  if (!(await log.finish(ctx, name, head, header.places ?? [])) && head > 0n) throw differs();
  return {
    ...sums,
    head,
    madeAt: header.made_at,
    currency: header.currency,
    wentOn: begun === name,
  };
}

/**
 * Statements that run at once: while the database writes one, the next part is read and
 * unpacked.
 */
const AT_ONCE = 2;

async function writeAll(
  ctx: Context,
  { bytes, log, ledger, onProgress }: Required<Omit<RestoreOptions, 'currency'>>,
  sums: Sums,
): Promise<void> {
  const written = { events: 0, lines: 0 };
  const underWay: Promise<void>[] = [];
  const begin = async (write: Promise<void>, what: 'events' | 'lines', count: number) => {
    const done = write.then(() => {
      written[what] += count;
      onProgress(what, written[what], sums[what]);
    });
    // The error is reported where this is awaited.
    done.catch(() => undefined);
    underWay.push(done);
    if (underWay.length >= AT_ONCE) await underWay.shift();
  };
  for await (const content of readContent(bytes())) {
    if (content.kind === 'events') {
      await begin(log.write(ctx, content.events), 'events', content.events.length);
    } else if (content.kind === 'lines') {
      await begin(ledger.write(ctx, content.lines), 'lines', content.lines.length);
    }
  }
  await Promise.all(underWay);
}

const notEmpty = (begun: string | undefined) =>
  new CodedError(
    'precondition_failed',
    'restore_not_empty',
    begun === undefined
      ? 'The system already has events or payments; a restore needs an empty system. Nothing was written.'
      : 'Another backup was being restored here and is unfinished: finish it with that file, or empty the databases. Nothing was written.',
  );

const differs = () =>
  new CodedError(
    'conflict',
    'restore_differs',
    'The databases do not return what was written: something else wrote at the same time, or they lost data. Empty them and restore again with all services stopped.',
  );
