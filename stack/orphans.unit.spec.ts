import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { childMark, childrenOf, endOrphans } from './orphans.ts';
import { testFolder } from './testing.ts';

const forever = `console.log('up'); setInterval(() => {}, 1000)`;

describe('endOrphans', () => {
  const spawned: ChildProcess[] = [];
  let folder: string;

  beforeEach(async () => {
    folder = await testFolder();
  });
  afterEach(() => {
    for (const child of spawned.splice(0)) child.kill('SIGKILL');
  });

  async function run(mark: Readonly<Record<string, string>>, code = forever) {
    const child = spawn(process.execPath, ['-e', code], {
      env: { ...process.env, ...mark },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    spawned.push(child);
    await once(child.stdout, 'data');
    return child;
  }

  it("ends what carries the folder's mark and says so in one line, and touches nothing else", async () => {
    const [orphan, others, none] = await Promise.all([
      run(childMark(folder)),
      run(childMark(`${folder}-2`)),
      run({}),
    ]);
    const gone = once(orphan, 'exit');
    const said: string[] = [];
    await endOrphans(folder, (text) => said.push(text));
    assert.deepEqual(await gone, [null, 'SIGTERM']);
    assert.deepEqual(said, [`ending processes left by a killed run: node (process ${orphan.pid})`]);
    assert.deepEqual([others.exitCode, others.signalCode], [null, null]);
    assert.deepEqual([none.exitCode, none.signalCode], [null, null]);
  });

  it('says nothing where nothing was left', async () => {
    await endOrphans(folder, assert.fail);
  });

  it('finds what an orphan itself started', async () => {
    await run(
      childMark(folder),
      `const { spawn } = require('node:child_process');
       const inner = spawn(process.execPath, ['-e', ${JSON.stringify(forever)}], { stdio: ['ignore', 'pipe', 'ignore'] });
       inner.stdout.once('data', () => console.log('up'));`,
    );
    assert.equal(childrenOf(folder).length, 2);
    await endOrphans(folder, () => {});
    assert.deepEqual(childrenOf(folder), []);
  });

  it('kills what does not heed the stop signal', async () => {
    const stubborn = await run(
      childMark(folder),
      `process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)`,
    );
    const gone = once(stubborn, 'exit');
    await endOrphans(folder, () => {}, { stopMs: 100 });
    assert.deepEqual(await gone, [null, 'SIGKILL']);
  });
});
