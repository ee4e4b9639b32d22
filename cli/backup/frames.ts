/**
 * The form of a backup: a line of text that names it, then parts. A part is the
 * length of its body (4 bytes, the highest first), a letter that says what is in
 * it, the SHA-256 of all that came before it and of itself, and the body, which is
 * JSON lines in Zstandard. So each byte is covered by the next checksum, no part
 * can be left out, put twice or moved, and a file without its last part is not
 * whole. Pure, but for the compression.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { CodedError } from '../../shared/kit/errors.ts';

/** The start of each backup; a later format has another number. */
export const MAGIC = Buffer.from('orders backup 1\n');

/** What a part holds: its origin, events, lines of the ledger, or the sums at the end. */
export type PartKind = 'h' | 'e' | 'l' | 'z';

export interface Part {
  readonly kind: PartKind;
  readonly text: string;
  /** Where it starts in the file, and the first byte after it. */
  readonly from: number;
  readonly to: number;
}

/** Before a body: length, letter, checksum. */
const HEAD = 4 + 1 + 32;
/** Of a body, compressed or not. A written one has about a megabyte, or one large event. */
const MOST = 64 * 1024 * 1024;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Creates the bytes of the parts, one after the other; not two at once. */
export function partWriter(): (kind: PartKind, text: string) => Promise<Buffer> {
  let chain = sha256(MAGIC);
  return async (kind, text) => {
    const body = await compress(Buffer.from(text));
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(body.length, 0);
    head.write(kind, 4, 'latin1');
    chain = sha256(chain, head.subarray(0, 5), body);
    chain.copy(head, 5);
    return Buffer.concat([head, body]);
  };
}

/**
 * The parts of a backup, read from `bytes`, in bounded memory. Throws CodedError
 * `backup_damaged`, with the place, where a byte is other than it was written, is
 * missing, or was added; a part that is given has been found whole.
 */
export async function* readParts(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Part, void, void> {
  const source = bytes[Symbol.asyncIterator]();
  try {
    yield* partsOf(taking(source));
  } finally {
    await source.return?.();
  }
}

async function* partsOf(
  take: (count: number) => Promise<Buffer>,
): AsyncGenerator<Part, void, void> {
  const magic = await take(MAGIC.length);
  if (!magic.subarray(0, 14).equals(MAGIC.subarray(0, 14)) || magic.length < MAGIC.length) {
    throw damaged('It is not a backup of this system.');
  }
  if (!magic.equals(MAGIC)) {
    const version = JSON.stringify(magic.subarray(14).toString('latin1').trim());
    throw damaged(`Its format (${version}) is unknown to this release.`);
  }
  let chain = sha256(MAGIC);
  let from = MAGIC.length;
  for (let ended = false; ; ) {
    const head = await take(HEAD);
    if (head.length === 0 && ended) return;
    if (head.length === 0) throw damaged(`It ends at byte ${from}, before its last part.`);
    if (ended) throw damaged(`It continues after its end, at byte ${from}.`);
    if (head.length < HEAD) throw tornAt(from + head.length, from);
    const length = head.readUInt32BE(0);
    if (length > MOST) throw damagedBetween(from, from + HEAD);
    const body = await take(length);
    const to = from + HEAD + length;
    if (body.length < length) throw tornAt(from + HEAD + body.length, from);
    chain = sha256(chain, head.subarray(0, 5), body);
    if (!chain.equals(head.subarray(5))) throw damagedBetween(from, to);
    const kind = head.toString('latin1', 4, 5) as PartKind;
    const text = await decompress(body, { maxOutputLength: MOST }).catch(() => {
      throw damagedBetween(from, to);
    });
    yield { kind, text: text.toString('utf8'), from, to };
    ended = kind === 'z';
    from = to;
  }
}

/** Reads this many bytes at a time, fewer only at the end. */
function taking(source: AsyncIterator<Uint8Array>): (count: number) => Promise<Buffer> {
  let held: Uint8Array[] = [];
  let size = 0;
  return async (count) => {
    while (size < count) {
      const next = await source.next();
      if (next.done === true) break;
      held.push(next.value);
      size += next.value.length;
    }
    const all = held.length === 1 && held[0] ? Buffer.from(held[0]) : Buffer.concat(held);
    const taken = all.subarray(0, count);
    const rest = all.subarray(taken.length);
    held = rest.length > 0 ? [rest] : [];
    size = rest.length;
    return taken;
  };
}

export const damaged = (what: string): CodedError =>
  new CodedError(
    'invalid',
    'backup_damaged',
    `The backup is damaged. ${what} Nothing was restored.`,
  );

const damagedBetween = (from: number, to: number) =>
  damaged(`Bytes ${from} to ${to} have changed.`);

const tornAt = (at: number, from: number) =>
  damaged(
    `It ends at byte ${at}, inside the part that starts at byte ${from}, or was changed there.`,
  );
