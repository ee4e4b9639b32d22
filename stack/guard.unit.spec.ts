import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { commandLine } from './proc.ts';
import { until } from './until.ts';

const within = { deadlineMs: 10_000, everyMs: 10 };

/** A process that starts two children, stops one, and says their ids. */
const parent = `
  const { startProcess } = await import(${JSON.stringify(join(import.meta.dirname, 'process.ts'))});
  const start = () => startProcess({ name: 'c', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] });
  const [kept, stopped] = [await start(), await start()];
  await stopped.stop();
  console.log(kept.pid + ' ' + stopped.pid);
  setInterval(() => {}, 1000);`;

async function started(): Promise<{ readonly child: ChildProcess; readonly kept: number }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, kept: Number.parseInt(line, 10) };
}

const ended = (pid: number) => () => commandLine(pid).length === 0;

describe('the guard', () => {
  it('ends the children of a process that was killed', async () => {
    const { child, kept } = await started();
    assert.ok(!ended(kept)());
    child.kill('SIGKILL');
    await until(ended(kept), { what: 'the end of its child', ...within });
  });

  it('does so when the whole process group was killed', async () => {
    const { child, kept } = await started();
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await until(ended(kept), { what: 'the end of its child', ...within });
  });
});
