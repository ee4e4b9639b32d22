/** The content of a backup's parts, and the rules that make it complete. */
import { createHash } from 'node:crypto';
import type { CopiedEvent, CopiedPlace } from '../../services/eventstoresvc/recovery/log-copy.ts';
import type { CopiedLine } from '../../services/paymentworker/gateway/ledger-copy.ts';
import type { Currency } from '../../shared/money/currency.ts';
import { damaged, type Part, readParts } from './frames.ts';

/** The first part. */
export interface Header {
  readonly stream: string;
  /** Position of the last event in it. */
  readonly head: string;
  /** When the backup started, ISO 8601. */
  readonly made_at: string;
  /** The log's currency; absent if none is recorded, and in backups of older releases. */
  readonly currency?: Currency;
  /** Where workers that answer events continue; a backup of an older release has none. */
  readonly places?: readonly CopiedPlace[];
}

/** The last part: the sums of all parts before it. */
export interface Sums {
  readonly events: number;
  readonly lines: number;
  /** Lines of the ledger that are not in it, because their orders start after the head. */
  readonly left_out: number;
  /** SHA-256 of all JSON lines of events and ledger, which the restored system must reproduce. */
  readonly content: string;
}

/** Counts and hashes what goes into a backup, or comes out of a backup or a database. */
export interface ContentSums {
  event(event: CopiedEvent): string;
  line(line: CopiedLine): string;
  readonly events: number;
  readonly lines: number;
  /** Once, at the end. */
  content(): string;
}

export function contentSums(): ContentSums {
  const hash = createHash('sha256');
  const sums = { events: 0, lines: 0 };
  const hashed = (value: readonly (string | null)[]) => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    return text;
  };
  return {
    event(event) {
      sums.events++;
      return hashed(eventFields.map((field) => event[field]));
    },
    line(line) {
      sums.lines++;
      return hashed(lineFields.map((field) => line[field]));
    },
    get events() {
      return sums.events;
    },
    get lines() {
      return sums.lines;
    },
    content: () => hash.digest('hex'),
  };
}

/** Their order in a JSON line, which is part of the format. */
const eventFields = [
  'position',
  'eventId',
  'eventType',
  'aggregateType',
  'aggregateId',
  'version',
  'data',
  'metadata',
  'createdMicros',
] as const satisfies readonly (keyof CopiedEvent)[];

const lineFields = [
  'idempotencyKey',
  'orderId',
  'customerId',
  'kind',
  'amountMinor',
  'outcome',
  'paymentId',
  'reason',
  'createdMicros',
  'voidKey',
  'voidedMicros',
] as const satisfies readonly (keyof CopiedLine)[];

/** The content of a backup, in its order. */
export type Content =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'events'; readonly events: readonly CopiedEvent[] }
  | { readonly kind: 'lines'; readonly lines: readonly CopiedLine[] }
  | { readonly kind: 'sums'; readonly sums: Sums };

/**
 * The content of a backup in `bytes`. Throws CodedError `backup_damaged` even if all
 * checksums are right, for a missing position or wrong sums. The backup is good only once
 * the sums have come.
 */
export async function* readContent(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Content, void, void> {
  const sums = contentSums();
  let header: Header | undefined;
  for await (const part of readParts(bytes)) {
    if ((header === undefined) !== (part.kind === 'h')) throw odd(part);
    switch (part.kind) {
      case 'h':
        header = JSON.parse(part.text) as Header;
        yield { kind: 'header', header };
        break;
      case 'e': {
        const events = rowsOf(part, eventFields) as unknown as CopiedEvent[];
        for (const event of events) {
          sums.event(event);
          if (event.position !== String(sums.events)) throw odd(part);
        }
        yield { kind: 'events', events };
        break;
      }
      case 'l': {
        const lines = rowsOf(part, lineFields) as unknown as CopiedLine[];
        for (const line of lines) sums.line(line);
        yield { kind: 'lines', lines };
        break;
      }
      case 'z': {
        const wanted = JSON.parse(part.text) as Sums;
        const agree =
          wanted.events === sums.events &&
          wanted.lines === sums.lines &&
          wanted.content === sums.content() &&
          header?.head === String(sums.events);
        if (!agree) throw odd(part);
        yield { kind: 'sums', sums: wanted };
        break;
      }
      default:
        throw odd(part);
    }
  }
}

function rowsOf(
  part: Part,
  fields: readonly string[],
): readonly Readonly<Record<string, string | null>>[] {
  return part.text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const values = JSON.parse(line) as unknown;
      if (!Array.isArray(values) || values.length !== fields.length) throw odd(part);
      return Object.fromEntries(fields.map((field, n) => [field, values[n]]));
    });
}

const odd = ({ from, to }: Part) => damaged(`Bytes ${from} to ${to} do not belong there.`);
