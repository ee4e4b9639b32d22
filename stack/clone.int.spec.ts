import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { childrenOf } from './orphans.ts';
import { freePort } from './ports.ts';
import { freeEnvironment, type Running, runMain } from './testing/make-start.ts';
import { testFolder } from './testing.ts';
import { toolsDir } from './tools.ts';

const project = resolve(import.meta.dirname, '..');
const sources = ['package.json', 'cli', 'proto', 'services', 'shared', 'stack', 'zipkin'];

/** The project at another place; its packages are this one's, its tools are none. */
async function cloneInto(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of sources) {
    await cp(join(project, name), join(folder, name), { recursive: true });
  }
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

describe('make start in a clone', function suite() {
  this.timeout(120_000);
  let env: Record<string, string>;
  let emptyPath: string;

  before(async () => {
    emptyPath = join(await testFolder(), 'bin');
    await mkdir(emptyPath);
    // useradd is wanted where the system knows no user postgres yet; id says whether.
    for (const tool of ['id', 'useradd']) {
      for (const folder of ['/usr/bin', '/usr/sbin']) {
        if (await exists(join(folder, tool))) {
          await symlink(join(folder, tool), join(emptyPath, tool)).catch(() => {});
        }
      }
    }
  });
  beforeEach(async () => {
    env = await freeEnvironment();
  });

  function start(clone: string, further: Readonly<Record<string, string>> = {}): Running {
    return runMain({
      dataDir: join(clone, '.data'),
      main: join(clone, 'stack/main.ts'),
      env: { ...env, ...further },
    });
  }

  it("runs in root's own closed home, in a path with spaces and other letters", async () => {
    // Where there is no server in the project's folder, it is on PATH.
    const clone = join(await testFolder(), 'heim', 'Bestell ungen für 空');
    await mkdir(dirname(clone), { mode: 0o700 });
    await cloneInto(clone);
    if (await exists(toolsDir)) await symlink(toolsDir, join(clone, '.tools'));
    const one = start(clone);
    try {
      await one.ready();
    } finally {
      one.kill('SIGTERM');
      assert.equal(await one.exited, 0, one.output());
      const elsewhere = await readlink(join(clone, '.data/postgres')).catch(() => undefined);
      if (elsewhere !== undefined) await rm(dirname(elsewhere), { recursive: true });
      assert.equal(elsewhere !== undefined, process.getuid?.() === 0);
    }
    assert.deepEqual(childrenOf(join(clone, '.data')), []);
  });

  const without: readonly (readonly [string, () => Record<string, string>, RegExp])[] = [
    ['Go', () => ({ PATH: emptyPath }), /\(Go is not installed\) → install Go .*NATS_URL/],
    [
      'a network',
      () => ({
        PATH: `${emptyPath}:${goFolder()}`,
        GOPROXY: 'off',
        GOMODCACHE: join(emptyPath, 'none'),
      }),
      /GOPROXY=off\) → check that Go reaches its module proxy/,
    ],
  ];
  for (const [what, variables, said] of without) {
    it(`without ${what} and nats-server it is one line with the remedy, and nothing is left`, async function skipWithoutGo() {
      if (what !== 'Go' && goFolder() === undefined) this.skip();
      const clone = await cloneInto(join(await testFolder(), 'clone'));
      const one = start(clone, variables());
      assert.equal(await one.exited, 1, one.output());
      assert.match(one.errors(), /^[^\n]+ → [^\n]+\n$/);
      assert.match(one.errors(), said);
      assert.deepEqual(childrenOf(join(clone, '.data')), []);
      assert.deepEqual(await readdir(join(clone, '.tools/bin')), []);
    });
  }

  it('without Java all but the traces is there, and it says so', async () => {
    const clone = await cloneInto(join(await testFolder(), 'clone'));
    if (await exists(toolsDir)) await symlink(toolsDir, join(clone, '.tools'));
    const ZIPKIN_PORT = String(await freePort());
    const one = start(clone, {
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: '',
      ZIPKIN_PORT,
      JAVA_HOME: join(emptyPath, 'no-java'),
    });
    try {
      await one.ready();
      assert.match(one.output(), /Zipkin +no traces: Zipkin needs Java 17 or newer → install Java/);
      assert.doesNotMatch(one.output(), /Zipkin +http/);
    } finally {
      one.kill('SIGTERM');
      await one.exited;
    }
  });
});

/** Where Go is, by PATH. */
function goFolder(): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.find((folder) => existsSync(join(folder, 'go')));
}
