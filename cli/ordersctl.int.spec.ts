import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { exampleOf } from './example.ts';
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

/** That the smallest of commands may load; 134 when this was written. */
const MODULES = 150;

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
    // Each module costs about a millisecond of processor time.
    const loaded = stderr.split('\n').filter((line) => line.startsWith('file:'));
    assert.ok(loaded.length < MODULES, `${loaded.length} modules: ${loaded.join('\n')}`);
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

  it('has an example for every command, at the end of its help', async () => {
    const program = new Command();
    for (const { load } of groups) (await load())(program);
    const leaves = (command: Command): Command[] =>
      command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
    for (const command of leaves(program)) assert.ok(exampleOf(command), command.name());
    for (const args of [['--help'], ['dlq', '--help'], ['dlq', 'show', '--help']]) {
      const { stdout } = await run(launcher, args);
      assert.match(stdout, /\n\nExample:\n {2}ordersctl .+\n$/);
    }
  });

  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    for (const flag of ['--version', '-V']) {
      assert.deepEqual(await run(launcher, [flag]), {
        code: 0,
        stdout: `${version}\n`,
        stderr: '',
      });
    }
  });

  it('says what commander refuses in the voice of all errors, for people and for programs', async () => {
    const said = "required option '--reason <text>' not specified";
    const people = await run(launcher, ['reject', 'o-1']);
    assert.deepEqual(
      [people.code, people.stdout, people.stderr],
      [2, '', `ordersctl: ${said} → ordersctl --help, or ordersctl <command> --help\n`],
    );
    const programs = await run(launcher, ['reject', 'o-1', '--json']);
    assert.deepEqual(JSON.parse(programs.stderr), { code: 'used_wrongly', detail: said });
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
