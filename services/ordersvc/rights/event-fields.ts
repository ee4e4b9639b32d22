import { eventFields, type Person } from '../../../shared/contracts/rights/http-rights.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';

/**
 * An order's events as these people see them: of a person who is several, what any of them
 * sees. Payloads without a hidden field stay the text that the log has. Pure.
 */
export function eventsFor(
  people: readonly Person[],
  events: readonly RecordedEvent[],
): readonly RecordedEvent[] {
  if (people.length === 0) return [];
  const views = people.map((person) => eventFields[person]);
  if (views.includes('all')) return events;
  const limited = views.filter((view) => view !== 'all');
  const shownMetadata = new Set(limited.flatMap(({ metadata }) => metadata));
  const hidden = (limited[0]?.without ?? []).filter((field) =>
    limited.every(({ without }) => (without as readonly string[]).includes(field)),
  );
  return events.map((event) => ({
    ...event,
    metadata: Object.fromEntries(
      Object.entries(event.metadata).filter(([key]) => (shownMetadata as Set<string>).has(key)),
    ),
    data: without(event.data, hidden),
  }));
}

function without(data: string, hidden: readonly string[]): string {
  // A name may be spelled with escapes.
  const has = hidden.some((field) => data.includes(field) || data.includes('\\u'));
  if (data === '' || !has) return data;
  const payload: unknown = JSON.parse(data);
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return data;
  return JSON.stringify(
    Object.fromEntries(Object.entries(payload).filter(([name]) => !hidden.includes(name))),
  );
}
