import type { z } from 'zod';
import { eventTypes, orderEvents } from '../../../shared/contracts/events.ts';
import type { NewEvent } from '../../../shared/eventstore/event-store.ts';
import { problemsOf } from '../../../shared/kit/problems-of.ts';
import { eventAt, invalidEvent } from '../log/event-rules.ts';

/**
 * The decimals that currencies have, the usual first. What one of them could have is taken:
 * the largest amount depends on them. Whether an amount fits its own currency is for who
 * writes it.
 */
const DECIMALS = [2, 4, 3, 0];

/** How payloads of each known type may look. */
const payloads = new Map<string, readonly z.ZodType[]>();
for (const table of DECIMALS.map(orderEvents)) {
  for (const [name, { payload }] of Object.entries(table)) {
    const eventType = eventTypes[name as keyof typeof eventTypes];
    payloads.set(eventType, [...(payloads.get(eventType) ?? []), payload]);
  }
}

/**
 * Throws `invalid` (code `invalid_event`) for an event of a known type that its readers could
 * not read: it would lie in the log for good. Text that is no JSON is another's to refuse.
 */
export function checkPayloads(events: readonly NewEvent[]): void {
  for (const [index, { eventType, data }] of events.entries()) {
    const fault = faultOf(payloads.get(eventType) ?? [], data);
    if (fault === undefined) continue;
    const at = `${eventAt(index, events.length)}event_data`;
    throw invalidEvent(
      problemsOf(fault.issues, '').map(({ field, message }) => ({
        field: field === '' ? at : `${at}.${field}`,
        message,
      })),
    );
  }
}

/** Why no schema fits, as the first has it; undefined if one does, or no schema is there. */
function faultOf(fitting: readonly z.ZodType[], data: string): z.ZodError | undefined {
  const payload = fitting.length === 0 || data === '' ? {} : jsonOf(data);
  let first: z.ZodError | undefined;
  for (const schema of fitting) {
    const { success, error } = schema.safeParse(payload);
    if (success) return undefined;
    first ??= error;
  }
  return first;
}

function jsonOf(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
