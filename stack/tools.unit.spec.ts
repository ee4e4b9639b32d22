import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newEnough } from './nats.ts';
import { testFolder } from './testing.ts';
import { installOnce, runTool } from './tools.ts';

describe('installOnce', () => {
  let folder: string;
  let target: string;

  beforeEach(async () => {
    folder = await testFolder();
    target = join(folder, 'tool');
  });

  it('two runs at once install once, and both get the whole file', async () => {
    let installs = 0;
    const install = async (into: string) => {
      installs += 1;
      const file = join(into, 'made');
      await writeFile(file, 'whole');
      return file;
    };
    const paths = await Promise.all([1, 2, 3].map(() => installOnce({ target, install })));
    assert.deepEqual(paths, [target, target, target]);
    assert.equal(installs, 1);
    assert.equal(await readFile(target, 'utf8'), 'whole');
    assert.deepEqual(await readdir(folder), ['tool']);
  });

  it('a failed installation leaves nothing, and the next one works', async () => {
    const failing = installOnce({ target, install: () => Promise.reject(new Error('no net')) });
    await assert.rejects(failing, /no net/);
    assert.deepEqual(await readdir(folder), []);
    const install = async (into: string) => {
      await writeFile(join(into, 'made'), 'x');
      return join(into, 'made');
    };
    assert.equal(await installOnce({ target, install }), target);
  });

  it('half of what a killed run had fetched is never taken for the whole, and is removed', async () => {
    const script = `
      import { writeFile } from 'node:fs/promises';
      const { installOnce } = await import(${JSON.stringify(join(import.meta.dirname, 'tools.ts'))});
      await installOnce({ target: ${JSON.stringify(target)}, install: async (into) => {
        await writeFile(into + '/tool', 'ha');
        console.log('half');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      } });`;
    const killed = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(killed.stdout, 'data');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    assert.equal((await readdir(folder)).length, 1, 'it had begun');
    const install = async (into: string) => {
      await writeFile(join(into, 'made'), 'half and half');
      return join(into, 'made');
    };
    assert.equal(await installOnce({ target, install }), target);
    assert.equal(await readFile(target, 'utf8'), 'half and half');
    assert.deepEqual(await readdir(folder), ['tool']);
  });
});

describe('runTool', () => {
  it('tells a missing tool from a failing one, and gives the reason', async () => {
    const missing = await runTool('no-such-command-here', []);
    assert.ok(!missing.ok && missing.missing);
    const script = `console.error('[ERROR] Could not resolve it'); console.error('see the manual'); process.exit(1)`;
    const failing = await runTool(process.execPath, ['-e', script]);
    assert.deepEqual(failing, {
      ok: false,
      missing: false,
      reason: '[ERROR] Could not resolve it',
    });
  });

  it('ends a tool that outlives its deadline', async () => {
    const hanging = await runTool(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      deadlineMs: 100,
    });
    assert.equal(hanging.ok, false);
  });
});

describe('newEnough', () => {
  it('wants nats-server 2.12', () => {
    assert.equal(newEnough('nats-server: v2.9.10'), false);
    assert.equal(newEnough('nats-server: v2.11.9'), false);
    assert.equal(newEnough('nats-server: v2.12.0'), true);
    assert.equal(newEnough('nats-server: v2.15.2'), true);
    assert.equal(newEnough('nats-server: v3.0.0'), true);
    assert.equal(newEnough('gibberish'), false);
  });
});
