/** `make bench-orders` as the process that it is, against a stack on free ports. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { openSql } from '../../shared/kit/sql/sql-access.ts';
import { asOwner } from '../../stack/credentials/sql-logins.ts';
import { freePort } from '../../stack/ports.ts';
import { type Stack, startStack } from '../../stack/stack.ts';
import { testFolder } from '../../stack/testing.ts';

interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function bench(args: readonly string[], environment: Record<string, string>): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), ...args],
      { env: { ...process.env, ...environment }, timeout: 60_000 },
      (error, output, errors) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output, errors });
      },
    );
  });
}

describe('bench-orders', function suite() {
  this.timeout(240_000);
  let stack: Stack;
  let environment: Record<string, string>;

  before(async () => {
    stack = await startStack({ dataDir: await testFolder(), durable: false, zipkin: false });
    environment = {
      ...stack.addresses,
      ORDERS_URL: stack.httpUrl ?? '',
      CREDENTIALS_DIR: stack.credentialsDir,
    };
  });
  after(() => stack?.stop());

  it('every order is accepted, ends and stands in all four books', async () => {
    const { code, output, errors } = await bench(
      ['--running', '--orders', '50', '--json'],
      environment,
    );
    assert.equal(code, 0, errors);
    const told = JSON.parse(output);
    assert.deepEqual([told.accepted, told.completed, told.not_ended], [50, 50, 0]);
    assert.equal(told.endings.Approved, 50);
    assert.deepEqual([told.refused, told.refused_ms, told.shortcomings], [{}, null, []]);
    for (const { p50, p95, p99, max } of [told.accept_ms, told.journey_ms]) {
      assert.ok(0 < p50 && p50 <= p95 && p95 <= p99 && p99 <= max);
    }
    assert.ok(told.journey_ms.max >= told.accept_ms.p50);
    const { audit } = told;
    assert.deepEqual([audit.ok, audit.orders.accepted, audit.ledger.lines], [true, 50, 50]);
    assert.equal(audit.stream.published, audit.log.head);
    assert.equal(audit.read_model.checkpoint, audit.log.head);
    // The stack of this test does not wait for the disk, and the bench must not hide it.
    assert.equal(told.durability.settings.fsync, 'off');
  });

  it('at a rate it takes as long as the rate says, and tells people in lines', async () => {
    const began = performance.now();
    const args = ['--running', '--orders', '20', '--rate', '20'];
    const { code, output, errors } = await bench(args, environment);
    assert.equal(code, 0, errors);
    assert.ok(performance.now() - began >= 950);
    assert.match(output, /accepted +20 +\d+\/s +p50 .* p99 /);
    assert.match(output, /completed +20 .*from sending to Approved/);
    assert.match(output, /fsync off.*do not wait for the disk/);
    assert.match(output, /all right\s*$/);
  });

  it('books that do not agree are told, and fail it', async () => {
    const sql = openSql(asOwner(stack.addresses.PAYMENTS_DATABASE_URL), { max: 1 });
    const lost = 'delete from ledger where order_id = (select min(order_id) from ledger)';
    await sql.unsafe(lost);
    await sql.end();
    const { code, output } = await bench(['--running', '--orders', '1'], environment);
    assert.equal(code, 1);
    assert.match(output, /^ledger: .*has no line, the log says debited/m);
  });

  it('without a stack it says so in one line', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, output, errors } = await bench(['--url', url], environment);
    assert.equal(code, 1);
    assert.equal(output, '');
    assert.match(errors, /^no stack answers at .*ECONNREFUSED.* → run make start.*\n$/);
  });

  it('without its NATS it says so in one line', async () => {
    const nats = { NATS_URL: `nats://127.0.0.1:${await freePort()}` };
    const { code, errors } = await bench(['--running'], { ...environment, ...nats });
    assert.equal(code, 1);
    assert.match(errors, /^the stream cannot be read .* → set NATS_URL.*\n$/);
  });

  it('a wrong option is one line, and exit code 2', async () => {
    const { code, errors } = await bench(['--running', '--orders', 'many'], environment);
    assert.equal(code, 2);
    assert.match(errors, /^--orders: must be .*\n$/);
  });
});
