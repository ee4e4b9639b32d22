/** The short form of `make chaos`: some faults, a few hundred orders, one seed. */
import assert from 'node:assert/strict';
import { plain } from '../cli/paint.ts';
import { renderReport } from './chaos/render.ts';
import { passed, run } from './chaos/run.ts';
import { testFolder } from './testing.ts';

describe('chaos', function () {
  this.timeout(240_000);

  it('whatever is killed, cut, delayed or thrown away: each order ends as its people wished, and all books agree', () =>
    survives(350, 76, 'plain'));

  it('the same with texts that are sealed, and the connection to their keys spoiled, too', () =>
    survives(250, 7, 'sealed', /personaldb|ordersvc killed|PostgreSQL/));

  async function survives(
    orders: number,
    seed: number,
    personalData: 'plain' | 'sealed',
    only?: RegExp,
  ): Promise<void> {
    const options = {
      orders,
      seed,
      personalData,
      instances: 1,
      natsNodes: 1,
      sql: 'embedded',
      // No process is stopped for longer than this here, and make test has a busy machine.
      deadlineMs: 20_000,
      only,
      json: false,
    } as const;
    const over: string[] = [];
    const report = await run(
      options,
      await testFolder(),
      {
        say: () => {},
        onFault: () => {},
        onFaultOver: ({ name }) => over.push(name),
        onOrders: () => {},
        onSettling: () => {},
      },
      new AbortController().signal,
    );
    assert.ok(passed(report), renderReport(report, plain));
    assert.equal(over.length, report.faults.length);
    assert.ok(report.faults.length >= 3, 'harm was done');
    const keysSpoiled = report.faults.some(({ name }) => name.includes('personaldb'));
    assert.equal(keysSpoiled, personalData === 'sealed');
    const ended = Object.values(report.ended).reduce((sum, count) => sum + count, 0);
    assert.equal(ended, options.orders);
    assert.ok((report.quiet.journey?.p50 ?? 0) > 0, 'it was measured');
  }
});
