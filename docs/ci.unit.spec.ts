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

  describe('about known vulnerabilities', () => {
    const folder = mkdtempSync(join(tmpdir(), 'orders-npm-'));
    after(() => rmSync(folder, { recursive: true }));

    /** As if npm said this. */
    function told(said: string, status: number) {
      const npm = `#!/bin/sh\necho '${said}' >&2\nexit ${status}\n`;
      writeFileSync(join(folder, 'npm'), npm, { mode: 0o755 });
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
      return spawnSync(join(root, '.ci/known-vulnerabilities'), { encoding: 'utf8', env });
    }

    it('fails where there are some, and shows them', () => {
      const { status, stdout } = told('1 high severity vulnerability', 1);
      assert.deepEqual([status, stdout], [1, '1 high severity vulnerability\n']);
    });

    it('passes where there are none, and says that it was skipped where the registry is silent', () => {
      assert.equal(told('found 0 vulnerabilities', 0).status, 0);
      const { status, stdout } = told('npm error audit endpoint returned an error', 1);
      assert.equal(status, 0);
      assert.match(stdout, /skipped/);
    });
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

  it('is all that GitHub runs, with actions pinned to a major version', () => {
    const workflow = readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8');
    const values = (key: string) =>
      [...workflow.matchAll(new RegExp(`^ *(?:- )?${key}: *(.*)$`, 'gm'))].map(
        ([, value]) => value,
      );
    assert.deepEqual(values('run'), ['.ci/run']);
    assert.ok(Number(values('timeout-minutes')[0]) > 0, 'a hanging run ends');
    const actions = values('uses');
    assert.ok(actions.length > 0);
    for (const action of actions) assert.match(action ?? '', /^actions\/[a-z-]+@v\d+$/);
  });
});

describe('a release', () => {
  const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));

  it('has one version, in every package and lock file, and a section in the changelog', () => {
    const { version } = json('package.json');
    for (const folder of ['.', 'bench']) {
      const lock = json(join(folder, 'package-lock.json'));
      const told = [json(join(folder, 'package.json')).version, lock.version];
      assert.deepEqual([...told, lock.packages[''].version], [version, version, version], folder);
    }
    const [, newest] =
      /^## \[([^\]]+)\] - \d{4}-\d\d-\d\d$/m.exec(
        readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
      ) ?? [];
    assert.equal(newest, version);
  });

  it('names no registry in its lock files, so that any mirror will do', () => {
    for (const path of ['package-lock.json', 'bench/package-lock.json']) {
      assert.doesNotMatch(readFileSync(join(root, path), 'utf8'), /"resolved"/, path);
    }
  });

  it('is built and updated by files that are valid JSON', () => {
    assert.match(json('.devcontainer/devcontainer.json').image, /:24-/, 'the Node of the project');
  });
});
