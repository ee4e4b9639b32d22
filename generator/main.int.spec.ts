import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['generator/main.ts', ...args], { cwd: root, encoding: 'utf8' });

describe('npm run new', () => {
  it('lists with --dry-run what it would write, for people and programs, and writes nothing', () => {
    const people = run('worker', 'kitchen', '--dry-run');
    assert.match(people.stdout, /^new {6}services\/kitchenworker\/main.ts$/m);
    assert.match(people.stdout, /^changed {2}stack\/services.ts$/m);
    assert.match(people.stdout, /nothing was written/);
    const { written, files } = JSON.parse(run('service', 'receipt', '--dry-run', '--json').stdout);
    assert.equal(written, false);
    assert.deepEqual(files[0], { path: 'services/receiptsvc/main.ts', change: 'new' });
    assert.ok(!existsSync(join(root, 'services/kitchenworker')));
    assert.ok(!existsSync(join(root, 'services/receiptsvc')));
  });

  it('says what it refuses and what to do, and exits with 2', () => {
    const people = run('worker', 'review');
    assert.deepEqual(
      [people.status, people.stdout, people.stderr],
      [2, '', 'there is a worker review already → choose another name\n'],
    );
    const programs = run('worker', 'Review', '--json');
    assert.equal(programs.status, 2);
    assert.match(JSON.parse(programs.stdout).refused.message, /not a plain name/);
    assert.equal(run('event', 'sold-out').status, 2, 'an option is missing');
  });
});
