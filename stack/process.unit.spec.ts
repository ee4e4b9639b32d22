import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SetupProblem } from './problem.ts';
import { type ProcessOptions, startProcess, untilReady } from './process.ts';
import { until } from './until.ts';

function script(code: string, options: Partial<ProcessOptions> = {}) {
  return startProcess({
    name: 'child',
    command: process.execPath,
    args: ['-e', code],
    ...options,
  });
}

const forever = 'setInterval(() => {}, 1000);';

describe('startProcess', () => {
  it('hands on whole lines, also the last one without an end', async () => {
    const lines: string[] = [];
    const child = await script(
      `process.stdout.write('on'); setTimeout(() => process.stdout.write('e\\ntwo'), 20)`,
      { onLine: (line) => lines.push(line) },
    );
    assert.deepEqual(await child.exited, { code: 0, signal: null });
    assert.deepEqual(lines, ['one', 'two']);
    assert.equal(child.running, false);
  });

  it('keeps only the last twenty lines', async () => {
    const child = await script('for (let i = 0; i < 100; i++) console.log(i)');
    await child.exited;
    assert.deepEqual([child.tail().length, child.tail()[0], child.tail().at(-1)], [20, '80', '99']);
  });

  it('kills what does not heed the stop signal, after the deadline', async () => {
    const child = await script(`process.on('SIGTERM', () => {}); console.log('up'); ${forever}`, {
      stopDeadlineMs: 100,
    });
    await until(() => child.tail().includes('up'), { what: 'up', deadlineMs: 5_000 });
    assert.deepEqual(await child.stop(), { code: null, signal: 'SIGKILL' });
  });

  it('a second stop is harmless', async () => {
    const child = await script(forever);
    const [one, two] = await Promise.all([child.stop(), child.stop()]);
    assert.deepEqual(one, two);
    assert.deepEqual(await child.stop(), one);
  });

  it('a SIGKILL takes its grandchildren along', async () => {
    const child = await script(
      `const c = require('node:child_process').spawn(process.execPath, ['-e', '${forever}'], { stdio: 'ignore' });
       console.log(c.pid); ${forever}`,
    );
    await until(() => child.tail().length > 0, { what: 'the pid', deadlineMs: 5_000 });
    const grandchild = Number(child.tail()[0]);
    child.kill('SIGKILL');
    await child.exited;
    await until(() => !isRunning(grandchild), { what: 'its end', deadlineMs: 5_000 });
  });

  it('runs in a process group of its own, which a Ctrl-C does not reach', async () => {
    const child = await script(forever);
    assert.doesNotThrow(() => process.kill(-child.pid, 0));
    await child.stop();
  });

  it('a command that does not exist is a problem with its name', async () => {
    await assert.rejects(
      startProcess({ name: 'thing', command: 'no-such-command-here' }),
      (error) => error instanceof SetupProblem && /thing.*ENOENT/.test(error.message),
    );
  });
});

describe('untilReady', () => {
  it('does not wait for a process that has ended, and quotes its last line', async () => {
    const child = await script(`console.log('no configuration'); process.exit(3)`);
    await assert.rejects(
      untilReady(child, () => false, { stillMs: 20_000 }),
      (error) =>
        error instanceof SetupProblem &&
        /exit code 3/.test(error.message) &&
        /no configuration/.test(error.remedy),
    );
  });

  it('stops a process that stands still, and says what keeps it', async () => {
    const child = await script(forever);
    await assert.rejects(
      untilReady(child, () => false, { stillMs: 300, says: () => 'no broker' }),
      (error) =>
        error instanceof SetupProblem &&
        error.message === 'child is not ready, and made no progress for 0.3 s' &&
        error.remedy === 'it says: no broker',
    );
    assert.equal(child.running, false);
  });

  it('waits for one that works, far longer than for one that stands still', async () => {
    // A processor is in its hands for a third of the time, and it writes nothing.
    const slow = `
      const end = performance.now() + 2_000;
      setInterval(() => { const t = performance.now(); while (performance.now() - t < 20); }, 40);
      setTimeout(() => console.log('up'), 2_000);`;
    const child = await script(slow);
    const waits: number[] = [];
    const onWait = (ms: number) => waits.push(ms);
    await untilReady(child, () => child.tail().includes('up'), { stillMs: 300, onWait });
    assert.equal(waits[0], 300);
    assert.ok(waits.length >= 3, String(waits));
    await child.stop();
  });

  it('waits for one that says other things, or writes lines while it says nothing', async () => {
    const talking = `let n = 0; setInterval(() => console.log(n += 1), 100);`;
    const patience = { stillMs: 400, longestMs: 60_000 };
    const one = await script(talking);
    await untilReady(one, () => one.tail().includes('15'), patience);
    await one.stop();
    const other = await script(talking);
    let step = 0;
    const says = () => `step ${step}`;
    const next = setInterval(() => {
      step += 1;
    }, 100);
    await untilReady(other, () => step > 15, { ...patience, says });
    clearInterval(next);
    // Lines alone are the complaints of one that waits for somebody.
    await assert.rejects(
      untilReady(other, () => false, { ...patience, says }),
      /no progress/,
    );
  });

  it('gives up in the end, also one that works', async () => {
    const child = await script('for (;;);');
    await assert.rejects(
      untilReady(child, () => false, { stillMs: 200, longestMs: 600 }),
      /child was not ready within 0.6 s/,
    );
  });

  it('stops the process when it is told to give up', async () => {
    const child = await script(forever);
    const giveUp = new AbortController();
    const ready = untilReady(child, () => false, { stillMs: 20_000 }, giveUp.signal);
    giveUp.abort();
    await assert.rejects(ready, { name: 'AbortError' });
    assert.equal(child.running, false);
  });
});

/** A zombie that nobody has reaped yet counts as ended. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
