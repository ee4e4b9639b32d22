import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { freePort, portInUse } from './ports.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { serverUser } from './postgres-binaries.ts';
import { SetupProblem } from './problem.ts';
import { commandName } from './proc.ts';
import { RUN_POSTGRES, testFolder, testPostgres } from './testing.ts';
import { until } from './until.ts';

describe('startPostgres', () => {
  let folder: string;
  let dataDir: string;
  let port: number;
  let server: Postgres;

  before(async () => {
    folder = await testFolder();
    dataDir = join(folder, 'postgres');
    port = await freePort();
    server = await startPostgres({ dataDir, port });
    await query('create table kept(n int8)');
    await query('insert into kept values (1)');
  });

  after(() => server.stop());

  async function query(text: string): Promise<postgres.RowList<postgres.Row[]>> {
    const sql = postgres(server.url('postgres'), { max: 1, onnotice: () => {} });
    try {
      return await sql.unsafe(text);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }

  it('is PostgreSQL 18, sorts by bytes, speaks UTF-8 and is durable', async () => {
    const [row] = await query(`
      select current_setting('server_version_num')::int4 / 10000 as major,
             (select datcollate from pg_database where datname = 'postgres') as locale,
             current_setting('server_encoding') as encoding,
             current_setting('fsync') as fsync,
             current_setting('synchronous_commit') as synchronous_commit`);
    assert.deepEqual(row, {
      major: 18,
      locale: 'C',
      encoding: 'UTF8',
      fsync: 'on',
      synchronous_commit: 'on',
    });
  });

  it('listens on loopback only', async () => {
    const [row] = await query('show listen_addresses');
    assert.equal(row?.listen_addresses, '127.0.0.1');
  });

  it('keeps its data over a stop and a start', async () => {
    await server.stop();
    server = await startPostgres({ dataDir, port });
    assert.equal((await query('select n from kept')).count, 1);
  });

  it('stops at once though a client is connected', async () => {
    const sql = postgres(server.url('postgres'), { max: 1, onnotice: () => {} });
    await sql`select 1`;
    await server.stop();
    assert.equal(server.process.running, false);
    await sql.end({ timeout: 1 });
    server = await startPostgres({ dataDir, port });
  });

  it('a second stop is harmless, and the port is free after it', async () => {
    await server.stop();
    await server.stop();
    assert.equal(await portInUse(port), false);
    server = await startPostgres({ dataDir, port });
  });

  it('starts again at once after a SIGKILL, with its data', async () => {
    server.process.kill('SIGKILL');
    await server.process.exited;
    server = await startPostgres({ dataDir, port });
    assert.equal((await query('select n from kept')).count, 1);
  });

  it('leaves no process behind after a SIGKILL, not even one that hangs', async () => {
    const sql = postgres(server.url('postgres'), { max: 1, onnotice: () => {} });
    const [row] = await sql`select pg_backend_pid() as pid`;
    process.kill(row?.pid, 'SIGSTOP');
    server.process.kill('SIGKILL');
    await server.process.exited;
    await sql.end({ timeout: 0 });
    const gone = () => commandName(row?.pid) === '';
    await until(gone, { what: 'the end of the backend', deadlineMs: 2_000 });
    server = await startPostgres({ dataDir, port });
    assert.equal((await query('select n from kept')).count, 1);
  });

  it('says which folder another server holds', async () => {
    await assert.rejects(startPostgres({ dataDir, port: await freePort() }), (error) => {
      assert.ok(error instanceof SetupProblem);
      assert.match(error.message, /another PostgreSQL \(postgres, process \d+\) uses the folder/);
      assert.ok(error.message.includes(dataDir));
      return true;
    });
  });

  it('a process id in its lock file that is now another process does not keep it from starting', async () => {
    await server.stop();
    const user = await serverUser();
    // As the server's own user, for it forgives a process that it may not signal.
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      cwd: '/',
      ...user,
    });
    try {
      const lock = join(dataDir, 'postmaster.pid');
      await writeFile(lock, `${other.pid}\n${dataDir}\n1\n${port}\n\n127.0.0.1\n`);
      if (user) await chown(lock, user.uid, user.gid);
      server = await startPostgres({ dataDir, port });
      assert.equal((await query('select n from kept')).count, 1);
      assert.equal(other.signalCode, null);
    } finally {
      const gone = once(other, 'exit');
      other.kill('SIGKILL');
      await gone;
    }
  });

  it('waits for a server that has ended and only keeps its process id a while', async () => {
    await server.stop();
    const user = await serverUser();
    // The shell's child ends at once; what the shell becomes never asks for its exit code.
    const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 1'], { cwd: '/', ...user });
    const [pid] = await once(parent.stdout.setEncoding('utf8'), 'data');
    const lock = join(dataDir, 'postmaster.pid');
    await writeFile(lock, `${pid.trim()}\n${dataDir}\n1\n${port}\n\n127.0.0.1\n`);
    if (user) await chown(lock, user.uid, user.gid);
    server = await startPostgres({ dataDir, port });
    assert.equal((await query('select n from kept')).count, 1);
  });

  it('data of a newer PostgreSQL are left alone, saying both versions', async () => {
    await server.stop();
    const file = join(dataDir, 'PG_VERSION');
    const version = await readFile(file, 'utf8');
    await writeFile(file, '99\n');
    await assert.rejects(startPostgres({ dataDir, port }), (error) => {
      assert.ok(error instanceof SetupProblem);
      assert.match(error.message, /initialized by PostgreSQL version 99, .* version 18/);
      assert.match(error.remedy, /STACK_DATA_DIR/);
      return true;
    });
    await writeFile(file, version);
    server = await startPostgres({ dataDir, port });
    assert.equal((await query('select n from kept')).count, 1);
  });

  it('a full disk while the cluster is made is one problem, and nothing is left', async function skipUnlessRoot() {
    if (process.getuid?.() !== 0) this.skip();
    const small = await testFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=10m', 'tmpfs', small]);
    try {
      await assert.rejects(startPostgres({ dataDir: join(small, 'postgres') }), (error) => {
        assert.ok(error instanceof SetupProblem);
        assert.match(
          error.message,
          /could not be created in .*: could not .*No space left on device$/,
        );
        return true;
      });
      assert.deepEqual(await readdir(small), []);
    } finally {
      execFileSync('umount', [small]);
    }
  });
});

describe('PostgreSQL under root, in a folder that only root may enter', function suite() {
  this.timeout(60_000);
  let dataDir: string;
  let target: string | undefined;

  before(async function skipUnlessRoot() {
    if (process.getuid?.() !== 0) this.skip();
    const closed = join(await testFolder(), 'closed');
    await mkdir(closed, { mode: 0o700 });
    dataDir = join(closed, 'postgres');
  });
  after(async () => {
    if (target !== undefined) await rm(dirname(target), { recursive: true, force: true });
  });

  it('keeps its data where its user can reach them, behind a link, and says where', async () => {
    // Also under a strict umask, which the copied binaries must not inherit.
    const umask = process.umask(0o077);
    try {
      const said: string[] = [];
      const options = { dataDir, durable: false, onProgress: (line: string) => said.push(line) };
      const server = await startPostgres(options);
      target = await readlink(dataDir);
      assert.match(target, /^\/var\/lib\/orders-\w+\/postgres$/);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? '', /its user may not enter .*closed, so its data is in /);
      assert.ok(said[0]?.includes(target));
      const sql = postgres(server.url('postgres'), { max: 1, onnotice: () => {} });
      await sql`create table kept as select 1 as n`;
      await sql.end();
      await server.stop();

      const again = await startPostgres(options);
      const reader = postgres(again.url('postgres'), { max: 1 });
      try {
        assert.equal((await reader`select n from kept`).count, 1);
      } finally {
        await reader.end();
        await again.stop();
      }
    } finally {
      process.umask(umask);
    }
  });
});

describe('testPostgres', () => {
  it('gives each suite an empty database of its own', async () => {
    const { createDatabase } = await testPostgres();
    const [one, two] = await Promise.all([createDatabase(), createDatabase()]);
    assert.notEqual(one, two);
    for (const url of [one, two]) {
      const sql = postgres(url, { max: 1 });
      await sql`create table mine(n int8)`;
      await sql.end({ timeout: 5 });
    }
  });

  it('makes all of them on one server', async () => {
    const { createDatabase } = await testPostgres();
    const hosts = [createDatabase(), (await testPostgres()).createDatabase()];
    const [one, two] = (await Promise.all(hosts)).map((url) => new URL(url).host);
    assert.equal(one, two);
    const ofTheRun = process.env[RUN_POSTGRES];
    if (ofTheRun !== undefined && !process.env.TEST_DATABASE_URL) {
      assert.equal(one, new URL(ofTheRun).host);
    }
  });
});

describe('too few open files allowed', () => {
  it('is what is said, with the limit to raise', async () => {
    const folder = await testFolder();
    const script = `
      const { startPostgres } = await import(${JSON.stringify(join(import.meta.dirname, 'postgres.ts'))});
      await startPostgres({ dataDir: ${JSON.stringify(join(folder, 'postgres'))} })
        .catch(({ message, remedy }) => console.log(message + ' → ' + remedy));
      process.exit();`;
    const limited = ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"'];
    const said = execFileSync('/bin/sh', [...limited, process.execPath, script], {
      encoding: 'utf8',
    });
    assert.match(said, /file descriptors.* → raise the limit: ulimit -n 4096$/m);
  });
});

describe('a process that ends without stopping its PostgreSQL', () => {
  it('leaves none behind', async () => {
    const folder = await testFolder();
    const script = `
      const { startPostgres } = await import(${JSON.stringify(join(import.meta.dirname, 'postgres.ts'))});
      const server = await startPostgres({ dataDir: ${JSON.stringify(join(folder, 'postgres'))}, durable: false });
      console.log(server.process.pid);
      process.exit(0);`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script]);
    const pid = Number(said.toString());
    assert.ok(pid > 0, `its process id, not ${said}`);
    // What is killed is gone soon after, not at once.
    const gone = () => commandName(pid) === '';
    await until(gone, { what: 'the end of the server', deadlineMs: 2_000, everyMs: 10 });
  });
});
