import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataFolder } from './data-folder.ts';
import { SetupProblem } from './problem.ts';
import { testFolder } from './testing.ts';

const opener = (folder: string) => `
  const { openDataFolder } = await import(${JSON.stringify(join(import.meta.dirname, 'data-folder.ts'))});
  await openDataFolder(${JSON.stringify(folder)});
  console.log('opened');
  setInterval(() => {}, 1000);`;

function refusedWith(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof SetupProblem, String(error));
    assert.match(error.message, message);
    assert.match(error.remedy, /STACK_DATA_DIR/);
    assert.ok(!error.message.includes('\n'));
    return true;
  };
}

/** Runs the work over a file system of its own, which only root may mount. */
async function mounted(options: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await testFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  try {
    await work(folder);
  } finally {
    execFileSync('umount', [folder]);
  }
}

const isRoot = process.getuid?.() === 0;

describe('openDataFolder', () => {
  it('a folder that another stack lives in is refused, saying which; one that was killed is no obstacle', async () => {
    const folder = await testFolder();
    const other = spawn(process.execPath, ['--input-type=module', '-e', opener(folder)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    await assert.rejects(
      openDataFolder(folder),
      refusedWith(new RegExp(`another stack \\(process ${other.pid}\\)`)),
    );
    const gone = once(other, 'exit');
    other.kill('SIGKILL');
    await gone;
    writeFileSync(join(folder, 'run', 'nats.pid'), '1\n');
    const { release } = await openDataFolder(folder);
    assert.deepEqual(readdirSync(join(folder, 'run')), [], 'its process ids are forgotten');
    release();
  });

  it('a file in its place, or on the way, is said with its remedy', async () => {
    const folder = await testFolder();
    writeFileSync(join(folder, 'file'), '');
    for (const path of ['file', 'file/below']) {
      await assert.rejects(openDataFolder(join(folder, path)), refusedWith(/file in the way/));
    }
  });

  it('a path that is too long for PostgreSQL is said with its length', async () => {
    const folder = `/${'deep/'.repeat(200)}`;
    await assert.rejects(openDataFolder(folder), refusedWith(/too long \(1000 bytes/));
  });

  it('a full disk is said with what is needed', async function skipUnlessRoot() {
    if (!isRoot) this.skip();
    await mounted('size=20m', (folder) =>
      assert.rejects(openDataFolder(join(folder, 'data')), refusedWith(/too full \(\d+ MiB/)),
    );
  });

  it('a disk without room for one more file is said too', async function skipUnlessRoot() {
    if (!isRoot) this.skip();
    await mounted('size=200m,nr_inodes=2', (folder) =>
      assert.rejects(
        openDataFolder(join(folder, 'data')),
        refusedWith(/the disk is full \(ENOSPC\)/),
      ),
    );
  });

  it('a read-only disk is said', async function skipUnlessRoot() {
    if (!isRoot) this.skip();
    await mounted('ro', (folder) =>
      assert.rejects(openDataFolder(join(folder, 'data')), refusedWith(/not writable/)),
    );
  });

  it("another user's folder is said", async function skipUnlessRoot() {
    if (!isRoot) this.skip();
    const folder = await testFolder();
    mkdirSync(join(folder, 'data'), { mode: 0o755 });
    // In a process of its own, since a user cannot become root again.
    const script = `
      process.setgid(65534); process.setuid(65534);
      const { openDataFolder } = await import(${JSON.stringify(join(import.meta.dirname, 'data-folder.ts'))});
      await openDataFolder(${JSON.stringify(join(folder, 'data'))}).catch((error) => console.log(error.message));`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script]);
    assert.match(String(said), /this user may not do that \(EACCES\)\n$/);
  });
});
