/**
 * What may enter the log. The broker would refuse later whatever is refused here,
 * and then it is too late: an event that cannot be published stops the relay for
 * good.
 */
import type { NewEvent } from '../../../shared/eventstore/event-store.ts';
import { CodedError, type Problem } from '../../../shared/kit/errors.ts';
import type { Append } from './append.ts';

export interface EventLimits {
  /** The configured stream. */
  readonly stream: string;
  /** Largest `event_data`, in bytes; well below the broker's limit for a message. */
  readonly maxDataBytes: number;
  /** The event is already in the log, perhaps by an older release, whose rules then apply. */
  readonly stoodBefore?: boolean;
}

/** Most events in one append, which must fit one statement. */
export const MAX_EVENTS = 100;

/** Metadata keys that are allowed. With any key, a client could set the broker's own headers. */
const METADATA_KEYS = new Set([
  ...['traceparent', 'tracestate', 'correlation_id', 'causation_id'],
  'actor',
]);
const MAX_METADATA_VALUE = 512;
/** Above this number, wrong metadata keys are counted, not listed. */
const MAX_METADATA_NAMED = 16;

/** Deeper JSON overflows the stack of readers that recurse. */
const MAX_DEPTH = 100;

const MAX_ID = 200;
const MAX_TYPE = 128;

/** Printable: no control characters (CR and LF would split a header), no lone surrogates (SQL text cannot hold them). */
const PRINTABLE = /^[^\p{Cc}\p{Cs}\u2028\u2029]+$/u;
/** Visible ASCII, for values that become headers. */
const HEADER_VALUE = /^[\x20-\x7e]*$/;
/** One subject token: what NATS allows in a subject, without separators and wildcards. */
const TOKEN = /^[A-Za-z0-9_-]+$/;

/** Throws CodedError `invalid` (code `invalid_event`) that names every wrong field. */
export function checkAppend(append: Append, limits: EventLimits): void {
  const problems = appendProblems(append, limits);
  if (problems.length > 0) throw invalidEvent(problems);
}

/** The refusal of an append for `problems`. */
export function invalidEvent(problems: readonly Problem[]): CodedError {
  return new CodedError(
    'invalid',
    'invalid_event',
    `The event is not valid: ${problems.map(({ field, message }) => `${field} ${message}`).join('; ')}.`,
    { problems },
  );
}

/** Prefix for the field names of an event in an append of `count` events: `event.`, `events[3].` */
export const eventAt = (index: number, count: number): string =>
  count === 1 ? 'event.' : `events[${index}].`;

/** All problems of an append. If it has too many events, they are not checked. */
export function appendProblems(
  { events, expectedVersion }: Append,
  limits: EventLimits,
): readonly Problem[] {
  const problems: Problem[] = [];
  if (events.length === 0) problems.push({ field: 'event', message: 'is missing' });
  if (events.length > MAX_EVENTS) {
    problems.push({
      field: 'events',
      message: `holds ${events.length}, at most ${MAX_EVENTS} are allowed`,
    });
  }
  if (expectedVersion !== undefined && expectedVersion < 0n) {
    problems.push({
      field: 'expected_version',
      message: `is ${expectedVersion}, but must not be negative`,
    });
  }
  if (events.length > MAX_EVENTS) return problems;
  const ids = new Set<string>();
  for (const [index, event] of events.entries()) {
    const at = eventAt(index, events.length);
    const found = eventProblems(event, limits);
    if (
      event.aggregateId !== events[0]?.aggregateId ||
      event.aggregateType !== events[0]?.aggregateType
    ) {
      found.push({
        field: 'aggregate_id',
        message: 'must be the same for all events of an append',
      });
    }
    if (ids.has(event.eventId))
      found.push({ field: 'event_id', message: 'occurs twice in the append' });
    ids.add(event.eventId);
    problems.push(...found.map(({ field, message }) => ({ field: at + field, message })));
  }
  return problems;
}

function eventProblems(event: NewEvent, limits: EventLimits): Problem[] {
  const problems: Problem[] = [];
  const wrong = (field: string, message: string): void => void problems.push({ field, message });

  for (const [field, value] of [
    ['event_id', event.eventId],
    ['aggregate_id', event.aggregateId],
    ['aggregate_type', event.aggregateType],
  ] as const) {
    if (value === '') wrong(field, 'is empty');
    else if (value.length > MAX_ID)
      wrong(field, `is ${value.length} characters long, at most ${MAX_ID} are allowed`);
    else if (!PRINTABLE.test(value) || value.trim() !== value) {
      wrong(field, 'must be printable, without control characters or spaces at its ends');
    }
  }

  const prefix = `${limits.stream}.`;
  if (event.eventType.length > MAX_TYPE) {
    wrong(
      'event_type',
      `is ${event.eventType.length} characters long, at most ${MAX_TYPE} are allowed`,
    );
  } else if (
    !event.eventType.startsWith(prefix) ||
    !TOKEN.test(event.eventType.slice(prefix.length))
  ) {
    wrong('event_type', `must be ${prefix} followed by one word of letters, digits, _ or -`);
  }

  const bytes = Buffer.byteLength(event.data);
  if (bytes > limits.maxDataBytes) {
    wrong('event_data', `is ${bytes} bytes, at most ${limits.maxDataBytes} are allowed`);
  } else if (event.data.includes('\0')) {
    wrong('event_data', 'holds a NUL character');
  } else if (event.data !== '' && !isJson(event.data)) {
    wrong('event_data', 'must be empty or JSON');
  } else if (!limits.stoodBefore && holdsLoneSurrogate(event.data)) {
    wrong('event_data', 'holds half of a surrogate pair');
  } else if (isTooDeep(event.data)) {
    wrong('event_data', `is nested more than ${MAX_DEPTH} deep`);
  }

  const metadata = Object.entries(event.metadata);
  if (metadata.length > MAX_METADATA_NAMED) {
    wrong(
      'metadata',
      `holds ${metadata.length} keys; allowed are ${[...METADATA_KEYS].join(', ')}`,
    );
    return problems;
  }
  for (const [key, value] of metadata) {
    if (!METADATA_KEYS.has(key)) {
      wrong(`metadata.${printable(key)}`, `is not one of ${[...METADATA_KEYS].join(', ')}`);
    } else if (value.length > MAX_METADATA_VALUE || !HEADER_VALUE.test(value)) {
      wrong(`metadata.${key}`, `must be at most ${MAX_METADATA_VALUE} visible ASCII characters`);
    }
  }
  return problems;
}

/** Also false for a lone surrogate, which has no UTF-8 and would come back as other bytes. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return text.isWellFormed();
  } catch {
    return false;
  }
}

/** The JSON escape of a surrogate, lone or half of a pair. */
const SURROGATE = /\\u[dD][89a-fA-F]/;

/**
 * True if a text or a name in `json`, which is valid JSON, is not Unicode: every
 * reader and every database would read it differently. Looking for the escape first
 * leaves almost nothing to parse.
 */
function holdsLoneSurrogate(json: string): boolean {
  if (!SURROGATE.test(json)) return false;
  let found = false;
  JSON.parse(json, (name, value: unknown) => {
    found ||= !name.isWellFormed() || (typeof value === 'string' && !value.isWellFormed());
    return value;
  });
  return found;
}

/** With few brackets the nesting cannot be deep; counting them takes a sixth of the time. */
const isTooDeep = (json: string): boolean =>
  opened(json, '{') + opened(json, '[') > MAX_DEPTH && depth(json) > MAX_DEPTH;

/** Number of occurrences of `bracket`, those in strings included. */
function opened(json: string, bracket: string): number {
  let count = 0;
  for (let at = json.indexOf(bracket); at !== -1; at = json.indexOf(bracket, at + 1)) count++;
  return count;
}

/** How deep objects and arrays are nested in `json`, which is valid JSON. */
function depth(json: string): number {
  let deepest = 0;
  let open = 0;
  let quoted = false;
  // By character code: a regular expression took longer than parsing.
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (quoted) at += code === BACKSLASH ? 1 : 0;
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) deepest = Math.max(deepest, ++open);
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) open--;
  }
  return deepest;
}

const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [...'"\\[]{}'].map(
  (character) => character.charCodeAt(0),
);

const printable = (key: string): string => key.replace(/[^\x21-\x7e]/g, '?').slice(0, 40);
