/** `make bench-restore` as the process that it is, with a few events. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { testFolder } from '../../stack/testing.ts';

interface Told {
  readonly events: number;
  readonly lines: number;
  readonly copies: number;
  readonly steps: readonly { readonly name: string; readonly seconds: number }[];
  readonly stream_filled_s: number;
  readonly read_model_filled_s: number;
  readonly audit_right_s: number;
  readonly rebuild_events_per_s: number;
  readonly shortcomings: readonly string[];
}

describe('bench-restore', function suite() {
  this.timeout(300_000);

  it('copies of real orders are restored, audited, rebuilt, and backed up as they were', async () => {
    const folder = await testFolder();
    const args = ['--events', '2000', '--orders', '40', '--data', folder, '--json'];
    const { code, output, errors } = await bench(args);
    assert.equal(code, 0, errors);
    const told = JSON.parse(output) as Told;
    assert.deepEqual(told.shortcomings, []);
    assert.ok(told.events >= 2_000, `${told.events} events`);
    assert.equal(told.lines, told.copies * 40, 'every order has a line in the ledger');
    assert.deepEqual(
      told.steps.map(({ name }) => name),
      [
        'place orders, until all have ended',
        'multiply the backup',
        'check',
        'restore',
        'audit',
        'rebuild the read model',
        'audit after the rebuild',
        'back up',
      ],
    );
    assert.ok(told.audit_right_s > Math.max(told.stream_filled_s, told.read_model_filled_s));
    assert.ok(told.rebuild_events_per_s > 0);
    assert.deepEqual(await readdir(folder), [], 'nothing is left behind');
  });
});

function bench(
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), ...args],
      { timeout: 280_000 },
      (error, output, errors) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output, errors });
      },
    );
  });
}
