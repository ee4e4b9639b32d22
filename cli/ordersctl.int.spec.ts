import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { groups } from './groups.ts';

const root = resolve(import.meta.dirname, '..');
const launcher = join(root, 'cli/ordersctl.js');

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `file` with this code loaded before it. */
function run(file: string, args: readonly string[], code = ''): Promise<Ran> {
  const first = `--import=data:text/javascript,${encodeURIComponent(code)}`;
  return new Promise((done) => {
    execFile(process.execPath, [first, file, ...args], (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const order = {
  order_id: 'o-1',
  customer_id: 'ada',
  restaurant_id: 'trattoria',
  status: 'Approved',
  payment_status: 'debited',
  version: 3,
  created_on: '2026-01-01T00:00:00.000Z',
  amount: 19,
  order_items: [{ code: 'PZ1', name: 'Pizza', unit_price: 9.5, quantity: 2 }],
};

describe('ordersctl, as npm runs it', () => {
  let server: Server;
  let get: readonly string[];
  before(async () => {
    server = createServer((_, response) => response.end(JSON.stringify(order)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    get = ['get', 'o-1', '--orders', `http://127.0.0.1:${port}`];
  });
  after(() => {
    server.close();
  });

  it('shows an order in less than 0.4 s of processor time', async () => {
    const told = "process.on('exit', () => console.error(JSON.stringify(process.cpuUsage())));";
    const spent = [];
    // The first one fills the cache, where nobody has yet.
    for (let n = 0; n < 4; n += 1) {
      const { code, stdout, stderr } = await run(launcher, get, told);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^order o-1: Approved/);
      const { user, system } = JSON.parse(stderr);
      spent.push((user + system) / 1_000);
    }
    // Another user of the processor's caches slows one of them, not all.
    const least = Math.min(...spent.slice(1));
    assert.ok(least < 400, `it took ${spent.join(', ')} ms`);
  });

  it('loads what the command needs, and no more', async () => {
    const told = `
      import { registerHooks } from 'node:module';
      registerHooks({ load: (url, context, next) => { console.error(url); return next(url, context); } });`;
    const { stderr } = await run(launcher, get, told);
    assert.match(stderr, /cli\/commands\/order-commands\.ts/);
    assert.doesNotMatch(
      stderr,
      /node_modules\/(?:@grpc|@bufbuild|@opentelemetry|cockatiel|nats|pino|postgres)\/|cli\/(?:commands\/)?audit/,
    );
  });

  it('says before an install what is missing and how to get it, in one line', async () => {
    const clone = await mkdtemp(join(tmpdir(), 'orders-clone-'));
    try {
      await mkdir(join(clone, 'cli'));
      await cp(launcher, join(clone, 'cli/ordersctl.js'));
      await cp(join(root, 'package.json'), join(clone, 'package.json'));
      assert.deepEqual(await run(join(clone, 'cli/ordersctl.js'), get), {
        code: 1,
        stdout: '',
        stderr: `ordersctl: its npm packages are not installed → make -C '${clone}' deps\n`,
      });
    } finally {
      await rm(clone, { recursive: true });
    }
  });

  it('is the whole name that npm knows of the package, so that npx means no other', async () => {
    const { name, bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    assert.equal(name, 'ordersctl');
    // Without the old name here, `npx orders` would fetch somebody else's package.
    assert.deepEqual(bin, { orders: 'cli/ordersctl.js', ordersctl: 'cli/ordersctl.js' });
  });

  it('finds each command in the module that has it', async () => {
    for (const { names, load } of groups) {
      const program = new Command();
      (await load())(program);
      assert.deepEqual(
        program.commands.map((command) => command.name()),
        names,
      );
    }
  });

  it('shows every command in its help, and suggests one for a misspelt name', async () => {
    const help = await run(launcher, ['--help']);
    assert.equal(help.code, 0);
    for (const name of groups.flatMap(({ names }) => names)) {
      assert.match(help.stdout, new RegExp(`^ {2}${name}\\b`, 'm'));
    }
    const misspelt = await run(launcher, ['audti']);
    assert.equal(misspelt.code, 2);
    assert.match(misspelt.stderr, /Did you mean audit/);
  });
});
