import { audit } from '../../cli/audit/audit.ts';
import { type AuditAddresses, withSources } from '../../cli/audit/connect.ts';
import type { AuditReport } from '../../cli/audit/report.ts';
import type { AuditSources } from '../../cli/audit/sources.ts';
import { currencyOfLog } from '../../cli/currency.ts';
import { deadlines } from '../../cli/settings.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { background, type Context, withSignal } from '../../shared/kit/context.ts';
import { unlessAborted } from '../../shared/kit/unless-aborted.ts';
import { until } from '../../stack/until.ts';

const CAUGHT_UP_MS = 30_000;
/** Orders that others placed may be waiting when the bench has done. */
const GRACE_MS = 30_000;

/** What the books say, and the log's position when the bench first asked. */
export interface Books {
  readonly report: AuditReport;
  readonly head: bigint;
  /** Of the currency that the log is kept in. */
  readonly decimals: number;
}

/**
 * Compares log, stream, read model and ledger once the copies have reached the log's
 * current position, or after 30 seconds, as `ordersctl audit` does. Rejects with the
 * signal's reason as soon as that aborts.
 */
export function compareBooks(addresses: AuditAddresses, signal: AbortSignal): Promise<Books> {
  const ctx = withSignal(background(), signal);
  return withSources(addresses, async (sources, { log }) => {
    const { decimals } = await unlessAborted(currencyOfLog(log), signal);
    const head = await unlessAborted(sources.log.head(ctx), signal);
    await caughtUp(ctx, sources, head, signal);
    const patience = { ...deadlines(), graceMs: GRACE_MS };
    const options = { codec: orderEventCodec(decimals), patience };
    // Not every book can be interrupted while it is read.
    return { report: await unlessAborted(audit(ctx, sources, options), signal), head, decimals };
  });
}

async function caughtUp(
  ctx: Context,
  sources: AuditSources,
  head: bigint,
  signal: AbortSignal,
): Promise<void> {
  const look = async () =>
    (await sources.published.last()) >= head && (await sources.readModel.checkpoint(ctx)) >= head;
  await until(look, { what: 'the copies', deadlineMs: CAUGHT_UP_MS, signal }).catch(() =>
    signal.throwIfAborted(),
  );
}
