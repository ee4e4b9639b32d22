/** The product beside the bare path, each with a few orders, on a stack of the bench's own. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { testFolder } from '../../../stack/testing.ts';
import { compare } from './compare.ts';
import type { ComparisonReport } from './report/report.ts';

describe('a comparison on its own stack', function suite() {
  this.timeout(300_000);
  let folder: string;
  let report: ComparisonReport;

  before(async () => {
    folder = await testFolder();
    const plan = {
      warmUpOrders: 10,
      rounds: 1,
      roundMs: 300,
      callers: [4],
      rates: [20],
      capacity: undefined,
    };
    const progress = { say: () => undefined, onRound: () => undefined, end: () => undefined };
    const { signal } = new AbortController();
    const form = { processes: 'few', withPeers: false } as const;
    const options = { plan, quick: true, dataFolder: folder, ...form };
    report = await compare(options, progress, signal);
  });

  it('every order of every contender is accepted and ends, and the books agree', () => {
    assert.equal(report.rows.length, 6);
    for (const { name, orders, refused, notEnded } of report.rows) {
      assert.ok(orders > 0, name);
      assert.deepEqual([refused, notEnded], [0, 0], name);
    }
    assert.deepEqual(report.shortcomings, []);
    assert.equal(report.rows[3]?.orders, 6, 'twenty a second for 300 ms');
  });

  it('says what an order cost, by process and by server, and not what another one’s did', () => {
    const [product, bare] = report.rows;
    assert.deepEqual(
      Object.keys(bare?.processes ?? {}).filter((name) => name.startsWith('PostgreSQL')),
      ['PostgreSQL itself', 'PostgreSQL bare'],
    );
    assert.ok((product?.processes.ordersvc?.cpuMs ?? 0) > 0);
    assert.ok((product?.counts.toNats ?? 0) >= 3, 'three events are published');
    assert.ok((product?.counts.transactions.eventstoredb ?? 0) > 0);
    assert.ok((product?.figures.wakeUps.median ?? 0) > 0);
    assert.ok((product?.figures.journeyP50.median ?? 0) > 0);
    assert.deepEqual(
      report.ratios.map(({ part, name }) => `${part} ${name}`),
      ['callers', 'rates'].flatMap((part) =>
        ['1%', 'all'].map((traced) => `${part} product, ${traced} traced`),
      ),
    );
  });

  it('an answer means that the disk has it, and nothing is left behind', async () => {
    assert.match(report.machine.durability, /fsync on/);
    assert.deepEqual(await readdir(folder), []);
  });
});
