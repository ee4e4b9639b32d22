import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContent } from '../../cli/backup/content.ts';
import { contentWriter } from '../../cli/backup/content-writer.ts';
import { multiply } from './multiply.ts';
import { original } from './testing/one-order.ts';

describe('a multiplied backup', () => {
  let folder: string;
  let from: string;
  let to: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-test-'));
    from = join(folder, 'small.backup');
    to = join(folder, 'large.backup');
    const parts: Uint8Array[] = [];
    const content = contentWriter(async (bytes) => void parts.push(bytes));
    const { events, lines, places } = original;
    const head = String(events.length);
    await content.begin({ stream: 'ORDERS', head, made_at: '2026-01-02', places });
    for (const event of events) await content.event(event);
    for (const line of lines) await content.line(line);
    await content.end(0);
    await writeFile(from, Buffer.concat(parts));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is whole, has no id twice, and its lines lie in the order of their ids', async () => {
    const made = await multiply({ from, to, events: 2_001 });
    assert.deepEqual([made.copies, made.events, made.lines], [401, 2_005, 401]);
    const ids: string[] = [];
    const orders: string[] = [];
    let sums: object | undefined;
    for await (const content of readContent(createReadStream(to))) {
      if (content.kind === 'events') ids.push(...content.events.map(({ eventId }) => eventId));
      if (content.kind === 'lines') orders.push(...content.lines.map(({ orderId }) => orderId));
      if (content.kind === 'sums') sums = content.sums;
    }
    assert.equal(new Set(ids).size, 2_005);
    assert.equal(new Set(orders).size, 401);
    assert.deepEqual(orders, orders.toSorted());
    const { events, lines, left_out, content } = made;
    assert.deepEqual(sums, { events, lines, left_out, content });
  });

  it('is not made of a damaged one, and replaces no file', async () => {
    const bytes = await readFile(from);
    bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
    const damaged = join(folder, 'damaged.backup');
    await writeFile(damaged, bytes);
    await assert.rejects(multiply({ from: damaged, to, events: 10 }), { code: 'backup_damaged' });
    await writeFile(to, '');
    await assert.rejects(multiply({ from, to, events: 10 }), { code: 'EEXIST' });
  });
});
