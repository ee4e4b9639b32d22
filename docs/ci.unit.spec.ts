import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const within = join(root, '.ci/within');

describe('what CI runs', () => {
  it('and what runs out of its time is called that', () => {
    const late = spawnSync(within, ['1', 'sleep', '30'], { encoding: 'utf8' });
    assert.deepEqual([late.status, late.stdout], [124, '== ran out of time after 1 s: sleep 30\n']);
    const failed = spawnSync(within, ['30', 'bash', '-c', 'exit 137'], { encoding: 'utf8' });
    assert.deepEqual([failed.status, failed.stdout], [137, '']);
  });

  it('never empties the log that it writes to', () => {
    for (const name of readdirSync(join(root, '.ci'))) {
      assert.doesNotMatch(
        readFileSync(join(root, '.ci', name), 'utf8'),
        /\/dev\/std(err|out)/,
        name,
      );
    }
  });

  it('tells of a failure with its stack when it happens, and how long files took', () => {
    const folder = mkdtempSync(join(tmpdir(), 'orders-ci-'));
    try {
      const spec = join(folder, 'failing.spec.cjs');
      writeFileSync(
        spec,
        "describe('a', () => { it('b', () => { throw new Error('boom'); }); it('c', () => {}); });",
      );
      const counts = join(folder, 'counts');
      const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
      const reporter = join(root, '.ci/counting-reporter.cjs');
      const run = spawnSync(
        process.execPath,
        [
          mocha,
          '--no-config',
          '--no-color',
          '--parallel',
          '--jobs',
          '2',
          '--reporter',
          reporter,
          spec,
        ],
        { encoding: 'utf8', env: { ...process.env, MOCHA_COUNTS: counts } },
      );
      assert.equal(run.status, 1);
      const at = (text: string | RegExp) => run.stdout.search(text);
      assert.match(run.stdout, /== FAILED: a b\nError: boom\n +at .*failing\.spec\.cjs/);
      assert.ok(at(/== FAILED/) < at(/✔ c/), 'before the next test');
      assert.match(run.stdout, /== +\d+\.\d s {2}.*failing\.spec\.cjs\n/);
      assert.equal(readFileSync(counts, 'utf8'), `1 1 0\n${spec}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is written in bash that bash can read', () => {
    for (const name of ['run', 'within', 'readme-commands', 'first-starts']) {
      execFileSync('bash', ['-n', join(root, '.ci', name)]);
    }
  });
});
