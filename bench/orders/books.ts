import { audit } from '../../cli/audit/audit.ts';
import { type AuditAddresses, withSources } from '../../cli/audit/connect.ts';
import type { AuditReport } from '../../cli/audit/report.ts';
import type { AuditSources } from '../../cli/audit/sources.ts';
import { deadlines } from '../../cli/settings.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { background } from '../../shared/kit/context.ts';
import { until } from '../../stack/until.ts';

const CAUGHT_UP_MS = 30_000;
/** Orders that others placed may be waiting when the bench has done. */
const GRACE_MS = 30_000;

/**
 * Compares log, stream, read model and ledger once the copies have caught up with
 * the log, as `orders audit` does. Where they do not catch up within 30 seconds
 * the report says how far behind they are.
 */
export function compareBooks(
  addresses: AuditAddresses,
  decimals: number,
  signal: AbortSignal,
): Promise<AuditReport> {
  return withSources(addresses, async (sources) => {
    await caughtUp(sources, signal);
    const patience = { ...deadlines(), graceMs: GRACE_MS };
    return audit(background(), sources, { codec: orderEventCodec(decimals), patience });
  });
}

async function caughtUp(sources: AuditSources, signal: AbortSignal): Promise<void> {
  const ctx = background();
  const head = await sources.log.head(ctx);
  const look = async () =>
    (await sources.published.last()) >= head && (await sources.readModel.checkpoint(ctx)) >= head;
  await until(look, { what: 'the copies', deadlineMs: CAUGHT_UP_MS, signal }).catch(() =>
    signal.throwIfAborted(),
  );
}
