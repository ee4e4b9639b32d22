import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkLibraries } from './postgres-binaries.ts';

describe('the libraries of PostgreSQL', () => {
  let native: string;
  beforeEach(async () => {
    native = join(await mkdtemp(join(tmpdir(), 'orders-pg-')), 'native');
    await mkdir(join(native, 'lib'), { recursive: true });
    await writeFile(join(native, 'lib/libpq.so.5.18'), 'library');
    const source = 'native/lib/libpq.so.5.18';
    const links = ['native/lib/libpq.so', 'native/lib/libpq.so.5'];
    const list = links.map((target) => ({ source, target }));
    await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(list));
  });
  afterEach(async () => {
    await chmod(join(native, 'lib'), 0o755);
    await rm(join(native, '..'), { recursive: true });
  });

  it('are linked where no install script did it, so that they may be moved, and once', async () => {
    await linkLibraries(native);
    await linkLibraries(native);
    for (const name of ['libpq.so', 'libpq.so.5']) {
      assert.equal(await readlink(join(native, 'lib', name)), 'libpq.so.5.18');
      assert.equal(await readFile(join(native, 'lib', name), 'utf8'), 'library');
    }
  });

  it('that cannot be linked are said with the remedy', async () => {
    await rm(join(native, 'lib'), { recursive: true });
    await assert.rejects(linkLibraries(native), /^SetupProblem: .* lack their links \(ENOENT\)$/);
    await mkdir(join(native, 'lib'));
  });
});
