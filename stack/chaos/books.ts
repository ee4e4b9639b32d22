import { audit } from '../../cli/audit/audit.ts';
import { withSources } from '../../cli/audit/connect.ts';
import type { AuditReport } from '../../cli/audit/report.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import type { Stack } from '../stack.ts';
import type { Histories } from './verdict.ts';

const GRACE_MS = 10_000;

/** What the audit says of the stack's books, which it reads without any wire. */
export function auditBooks(
  { addresses }: Stack,
  codec: OrderEventCodec,
  deadlineMs: number,
): Promise<AuditReport> {
  const where = {
    eventStore: addresses.EVENTSTORE_ADDRESS,
    natsUrl: addresses.NATS_URL,
    ordersDatabaseUrl: addresses.ORDERS_DATABASE_URL,
    paymentsDatabaseUrl: addresses.PAYMENTS_DATABASE_URL,
  };
  return withSources(where, (sources) =>
    audit(background(), sources, {
      codec,
      patience: { paymentMs: deadlineMs, reviewMs: deadlineMs, graceMs: GRACE_MS },
    }),
  );
}

/** The whole log, by aggregate. */
export async function readHistories(log: EventStore): Promise<Histories> {
  const histories = new Map<string, RecordedEvent[]>();
  for await (const event of log.stream(background(), {})) {
    const events = histories.get(event.aggregateId);
    if (events === undefined) histories.set(event.aggregateId, [event]);
    else events.push(event);
  }
  return histories;
}
