/** Makes the backup of a large system from that of a small one. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Header, readContent, type Sums } from '../../cli/backup/content.ts';
import { contentWriter } from '../../cli/backup/content-writer.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { copier, type Original } from './copies.ts';

export interface Multiplied extends Sums {
  readonly copies: number;
  readonly bytes: number;
}

export interface Multiplication {
  /** A whole backup of a system in which every order has ended. */
  readonly from: string;
  /** A file that does not exist yet. */
  readonly to: string;
  /** The copy has so many events, or somewhat more. */
  readonly events: number;
  readonly onProgress?: (events: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes as many copies as are needed, one after the other: only the small system is held in
 * memory. What is read from `from` must be whole, or this rejects with `backup_damaged`.
 */
export async function multiply({
  from,
  to,
  events: wanted,
  onProgress = () => undefined,
  signal,
}: Multiplication): Promise<Multiplied> {
  const { header, ...original } = await readOriginal(from);
  const copies = Math.max(1, Math.ceil(wanted / original.events.length));
  const copyAt = copier(original, copies, orderEventCodec(header.currency?.decimals ?? 2));
  const events = copies * original.events.length;
  const handle = await open(to, 'wx', 0o600);
  try {
    const content = contentWriter((bytes) => handle.writeFile(bytes));
    const { places } = copyAt(copies - 1);
    await content.begin({ ...header, head: String(events), places });
    for (let n = 0; n < copies; n++) {
      signal?.throwIfAborted();
      for (const event of copyAt(n).events) await content.event(event);
      onProgress(content.events, events);
    }
    for (let n = 0; n < copies; n++) {
      signal?.throwIfAborted();
      for (const line of copyAt(n).lines) await content.line(line);
    }
    const made = await content.end(0);
    await handle.sync();
    return { ...made, copies };
  } finally {
    await handle.close();
  }
}

async function readOriginal(file: string): Promise<Original & { readonly header: Header }> {
  let header: Header | undefined;
  const events = [];
  const lines = [];
  for await (const content of readContent(createReadStream(file))) {
    if (content.kind === 'header') header = content.header;
    if (content.kind === 'events') events.push(...content.events);
    if (content.kind === 'lines') lines.push(...content.lines);
  }
  if (header === undefined || events.length === 0) throw new Error(`${file} has no events.`);
  return { header, events, lines, places: header.places ?? [] };
}
