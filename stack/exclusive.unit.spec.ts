import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { claim } from './exclusive.ts';

const claimer = (name: string) => `
  const { claim } = await import(${JSON.stringify(join(import.meta.dirname, 'exclusive.ts'))});
  const taken = await claim(${JSON.stringify(name)});
  console.log('release' in taken ? 'mine' : 'held by ' + taken.heldBy);
  setInterval(() => {}, 1000);`;

describe('claim', () => {
  const children: ChildProcess[] = [];
  let name: string;

  beforeEach(() => {
    name = randomUUID();
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  async function elsewhere(): Promise<{ readonly child: ChildProcess; readonly said: string }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', claimer(name)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
    return { child, said: said.trim() };
  }

  it('of several at the same instant one has it, and the others learn who', async () => {
    const all = await Promise.all([elsewhere(), elsewhere(), elsewhere()]);
    const owners = all.filter(({ said }) => said === 'mine');
    assert.equal(owners.length, 1);
    const others = all.filter(({ said }) => said !== 'mine').map(({ said }) => said);
    assert.deepEqual(others, Array(2).fill(`held by ${owners[0]?.child.pid}`));
  });

  it('is free the moment its holder is killed', async () => {
    const { child } = await elsewhere();
    assert.deepEqual(await claim(name), { heldBy: child.pid });
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const taken = await claim(name);
    assert.ok('release' in taken);
    taken.release();
  });

  it('is refused also while its holder is stopped and tells nothing', async () => {
    const { child } = await elsewhere();
    child.kill('SIGSTOP');
    assert.deepEqual(await claim(name), { heldBy: undefined });
  });

  it('can be had again after its release', async () => {
    for (let round = 0; round < 3; round += 1) {
      const taken = await claim(name);
      assert.ok('release' in taken);
      taken.release();
    }
  });
});
