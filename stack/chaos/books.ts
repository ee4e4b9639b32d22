import { audit } from '../../cli/audit/audit.ts';
import { withSources } from '../../cli/audit/connect.ts';
import type { AuditReport } from '../../cli/audit/report.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { booksOf } from '../books.ts';
import type { Stack } from '../stack.ts';
import { CEILING_MS, VOID_RETRY_MS } from './settings.ts';
import type { Histories } from './verdict.ts';

const GRACE_MS = 10_000;

/** What the audit says of the stack's books, which it reads without any wire. */
export function auditBooks(
  stack: Stack,
  codec: OrderEventCodec,
  deadlineMs: number,
): Promise<AuditReport> {
  return withSources(booksOf(stack), (sources) =>
    audit(background(), sources, {
      codec,
      patience: {
        paymentMs: deadlineMs,
        reviewMs: deadlineMs,
        voidMs: VOID_RETRY_MS,
        ceilingMs: CEILING_MS,
        graceMs: GRACE_MS,
      },
    }),
  );
}

/** Whether stream and log end at the same position. */
export const streamEnds = (stack: Stack): Promise<boolean> =>
  withSources(
    booksOf(stack),
    async ({ log, published }) => (await published.last()) === (await log.head(background())),
  );

/**
 * True if nothing differs, everything was read, and only the `poisoned` events, which no
 * worker can read, wait for a person.
 */
export const booksAgree = (
  { discrepancyCount, unread, waiting, waitingCount }: AuditReport,
  poisoned: number,
): boolean =>
  discrepancyCount === 0 &&
  unread.length === 0 &&
  waitingCount <= poisoned &&
  waiting.every(({ book }) => book === 'log');

/** The whole log, by aggregate. */
export async function readHistories(log: EventStore): Promise<Histories> {
  const histories = new Map<string, RecordedEvent[]>();
  for await (const event of await log.stream(background(), {})) {
    const events = histories.get(event.aggregateId);
    if (events === undefined) histories.set(event.aggregateId, [event]);
    else events.push(event);
  }
  return histories;
}
