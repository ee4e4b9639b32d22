/** The short form of `make chaos`: some faults, a few hundred orders, one seed. */
import assert from 'node:assert/strict';
import { plain } from '../cli/paint.ts';
import { renderReport } from './chaos/render.ts';
import { passed, run } from './chaos/run.ts';
import { testFolder } from './testing.ts';

describe('chaos', function () {
  this.timeout(240_000);

  it('whatever is killed, cut, delayed or thrown away: each order ends as its people wished, and all books agree', async () => {
    const options = {
      orders: 350,
      seed: 15,
      instances: 1,
      natsNodes: 1,
      // No process is stopped for longer than this here, and make test has a busy machine.
      deadlineMs: 20_000,
      only: undefined,
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
    const ended = Object.values(report.ended).reduce((sum, count) => sum + count, 0);
    assert.equal(ended, options.orders);
    assert.ok((report.quiet.journey?.p50 ?? 0) > 0, 'it was measured');
  });
});
