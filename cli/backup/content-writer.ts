/** Writes a backup's content in parts, in the order that `readContent` expects. */
import type { CopiedEvent } from '../../services/eventstoresvc/recovery/log-copy.ts';
import type { CopiedLine } from '../../services/paymentworker/gateway/ledger-copy.ts';
import { contentSums, type Header, type Sums } from './content.ts';
import { MAGIC, type PartKind, partWriter } from './frames.ts';

/** Call `begin`, then `event` for all events, then `line` for all lines, then `end`; not two calls at once. */
export interface ContentWriter {
  begin(header: Header): Promise<void>;
  event(event: CopiedEvent): Promise<void>;
  line(line: CopiedLine): Promise<void>;
  /** Without it, what was written is refused as a backup. */
  end(leftOut: number): Promise<Sums & { readonly bytes: number }>;
  /** How many there are so far. */
  readonly events: number;
  readonly lines: number;
}

/** Characters per part: each part is held, compressed and written as a whole. */
const PART = 1024 * 1024;

/** @param write resolves when there is room for more */
export function contentWriter(write: (bytes: Uint8Array) => Promise<void>): ContentWriter {
  const encode = partWriter();
  const sums = contentSums();
  let bytes = 0;
  let kind: PartKind = 'e';
  let text = '';

  async function put(chunk: Uint8Array): Promise<void> {
    bytes += chunk.length;
    await write(chunk);
  }

  async function flush(): Promise<void> {
    const full = text;
    text = '';
    if (full !== '') await put(await encode(kind, full));
  }

  /** Collects JSON lines of one kind. */
  async function add(of: PartKind, line: string): Promise<void> {
    if (of !== kind) await flush();
    kind = of;
    text += line;
    if (text.length >= PART) await flush();
  }

  return {
    begin: async (header) => {
      await put(MAGIC);
      await put(await encode('h', JSON.stringify(header)));
    },
    event: (event) => add('e', sums.event(event)),
    line: (line) => add('l', sums.line(line)),
    end: async (leftOut) => {
      await flush();
      const { events, lines } = sums;
      const totals: Sums = { events, lines, left_out: leftOut, content: sums.content() };
      await put(await encode('z', JSON.stringify(totals)));
      return { ...totals, bytes };
    },
    get events() {
      return sums.events;
    },
    get lines() {
      return sums.lines;
    },
  };
}
