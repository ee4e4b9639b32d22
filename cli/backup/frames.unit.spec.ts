import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LogCopy } from '../../services/eventstoresvc/recovery/log-copy.ts';
import type { LedgerCopy } from '../../services/paymentworker/gateway/ledger-copy.ts';
import { background } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import { type BackupOptions, backup } from './backup.ts';
import { MAGIC, type Part, partWriter, readParts } from './frames.ts';
import { check } from './restore.ts';

async function* inPieces(bytes: Uint8Array, size = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A log of so many events, and nothing else. */
const memoryLog = (count: number): Pick<LogCopy, 'head' | 'places' | 'page' | 'having'> => ({
  head: async () => BigInt(count),
  places: async () => [],
  page: async (_ctx, after) =>
    Array.from({ length: count - Number(after) }, (_, n) => ({
      position: String(Number(after) + n + 1),
      eventId: `event-${n}`,
      eventType: 'ORDERS.created',
      aggregateType: 'order',
      aggregateId: `order-${n}`,
      version: '1',
      data: '{}',
      metadata: '{}',
      createdMicros: '1767225600000000',
    })),
  having: async (_ctx, { ids }) => new Set(ids),
});

/** A ledger of so many lines. */
const memoryLedger = (count: number): Pick<LedgerCopy, 'page'> => ({
  page: async (_ctx, after) =>
    Array.from({ length: after === '' ? count : 0 }, (_, n) => ({
      idempotencyKey: `key-${n}`,
      orderId: `order-${n}`,
      customerId: 'c',
      kind: 'debit',
      amountMinor: '100',
      outcome: 'debited',
      paymentId: `payment-${n}`,
      reason: '',
      createdMicros: '1767225600000000',
      voidKey: null,
      voidedMicros: null,
    })),
});

async function made(log: BackupOptions['log'], ledger: BackupOptions['ledger']): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await backup(background(), {
    log,
    currency: { written: async () => ({ code: 'USD', decimals: 2 }) },
    ledger,
    write: async (bytes) => void chunks.push(bytes),
  });
  return Buffer.concat(chunks);
}

async function partsOf(bytes: AsyncIterable<Uint8Array>): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of readParts(bytes)) parts.push(part);
  return parts;
}

/** What it is refused with; undefined where it is taken. */
async function refusal(bytes: Uint8Array): Promise<string | undefined> {
  try {
    await check(inPieces(bytes));
    return undefined;
  } catch (error) {
    const { code, message } = codedError(error);
    assert.equal(code, 'backup_damaged', message);
    return message;
  }
}

describe('a backup', () => {
  const small = () => made(memoryLog(3), memoryLedger(2));

  it('is refused for any single byte that is another', async function suite() {
    this.timeout(60_000);
    const whole = await small();
    assert.equal(await refusal(whole), undefined);
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [1, 128]) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ bit;
        assert.notEqual(await refusal(bytes), undefined, `byte ${at} of ${whole.length}`);
      }
    }
  });

  it('is refused wherever it ends too early, and for anything behind its end', async () => {
    const whole = await small();
    for (let length = 0; length < whole.length; length++) {
      const message = await refusal(whole.subarray(0, length));
      assert.notEqual(message, undefined, `${length} of ${whole.length} bytes`);
      if (length > MAGIC.length)
        assert.match(message ?? '', new RegExp(`ends at byte ${length}\\b`));
    }
    assert.match(
      (await refusal(Buffer.concat([whole, Buffer.from('\n')]))) ?? '',
      new RegExp(`after its end, at byte ${whole.length}\\b`),
    );
    assert.notEqual(await refusal(Buffer.concat([whole, whole])), undefined);
  });

  it('says between which bytes it is damaged, and that nothing was restored', async () => {
    const whole = await small();
    const parts = await partsOf(inPieces(whole));
    for (const { from, to } of parts) {
      const bytes = Buffer.from(whole);
      bytes[to - 1] = (bytes[to - 1] ?? 0) ^ 16;
      assert.equal(
        await refusal(bytes),
        `The backup is damaged. Bytes ${from} to ${to} have changed. Nothing was restored.`,
      );
    }
  });

  it('is refused with a part left out, put twice, or in another place', async () => {
    const whole = await small();
    const parts = await partsOf(inPieces(whole));
    const bytesOf = (n: number) => whole.subarray(parts[n]?.from, parts[n]?.to);
    const orders = [
      [0, 1, 3],
      [0, 2, 3],
      [0, 1, 1, 2, 3],
      [0, 2, 1, 3],
      [1, 2, 3],
      [0, 3],
    ];
    assert.equal(parts.length, 4);
    for (const order of orders) {
      const bytes = Buffer.concat([MAGIC, ...order.map(bytesOf)]);
      assert.notEqual(await refusal(bytes), undefined, order.join());
    }
  });

  it('that is whole by its checksums and yet does not add up is refused', async () => {
    const header = JSON.stringify({ stream: 'ORDERS', head: '1', made_at: '2026-01-01' });
    const event = (position: string) =>
      `${JSON.stringify([position, 'e', 't', 'a', 'o', '1', '', '{}', '0'])}\n`;
    const sums = { events: 1, lines: 0, left_out: 0, content: 'x' };
    const cases: readonly (readonly ['h' | 'e' | 'l' | 'z', string])[][] = [
      [['z', JSON.stringify(sums)]],
      [['e', event('1')]],
      [
        ['h', header],
        ['h', header],
      ],
      [
        ['h', header],
        ['e', event('2')],
      ],
      [
        ['h', header],
        ['e', '[]\n'],
      ],
      [
        ['h', header],
        ['e', event('1')],
        ['z', JSON.stringify(sums)],
      ],
    ];
    for (const parts of cases) {
      const encode = partWriter();
      const bytes: Buffer[] = [MAGIC];
      for (const [kind, text] of parts) bytes.push(await encode(kind, text));
      assert.notEqual(await refusal(Buffer.concat(bytes)), undefined);
    }
  });

  it('gives back any texts, however its bytes come', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('e', 'l'), fc.string({ unit: 'grapheme' })), {
          maxLength: 5,
        }),
        fc.integer({ min: 1, max: 200 }),
        async (texts, size) => {
          const encode = partWriter();
          const bytes: Buffer[] = [MAGIC];
          for (const [kind, text] of texts) bytes.push(await encode(kind as 'e' | 'l', text));
          bytes.push(await encode('z', ''));
          const parts = await partsOf(inPieces(Buffer.concat(bytes), size));
          assert.deepEqual(
            parts.map(({ kind, text }) => [kind, text]),
            [...texts, ['z', '']],
          );
        },
      ),
      { numRuns: 100 },
    ));

  it('of a later form is told apart from a damaged one', async () => {
    const bytes = Buffer.from(await small());
    bytes.write('2', 14);
    assert.match((await refusal(bytes)) ?? '', /format \("2"\) is unknown/);
  });
});
