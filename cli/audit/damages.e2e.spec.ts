/**
 * What an audit is for: each kind of damage is planted into the stores of a running
 * stack, is named in its book, and is repaired where the audit says that it can be.
 * A new kind of damage is a new row of stack/testing/damages.ts.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { durables } from '../../shared/contracts/subjects.ts';
import { background } from '../../shared/kit/context.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { type DamagedStack, startDamagedStack } from '../../stack/testing/damaged-stack.ts';
import { damages } from '../../stack/testing/damages.ts';
import { orderHands } from '../../stack/testing/order-hands.ts';
import { auditExitCodes, exitCodes } from '../exit-code.ts';
import { type AuditReport, verdictOf } from './report.ts';

const exits = { wrong: exitCodes.booksDiffer, waiting: exitCodes.waiting, unreachable: 1 } as const;

const found = ({ discrepancies, waiting, unread }: AuditReport) =>
  [...discrepancies, ...waiting, ...unread].map(({ book, message }) => `${book}: ${message}`);

const untilRight = (stack: DamagedStack) =>
  eventually(
    'all books are right',
    async () => {
      const report = await stack.audit();
      if (verdictOf(report) === 'right') return report;
      throw new Error(found(report).join('\n'));
    },
    30_000,
  );

describe('damage to the books', function () {
  this.timeout(150_000);
  let stack: DamagedStack;

  before(async () => {
    stack = await startDamagedStack();
  });
  after(() => stack?.stop());

  it('there are forty kinds and more', () => {
    assert.ok(damages.length >= 40, `${damages.length}`);
    assert.equal(new Set(damages.map(({ what }) => what)).size, damages.length);
  });

  it('without any the books are right', async () => {
    assert.deepEqual(found(await untilRight(stack)), []);
  });

  for (const { what, plant, says, may = [], comesTo = 'wrong', ...damage } of damages) {
    const { repaired, undo, graceMs } = damage;
    const then = repaired ? 'named and repaired' : 'named, and left as it is';
    it(`${what}: ${then}`, async () => {
      await plant(stack);
      try {
        const report = await stack.audit(graceMs);
        const all = found(report);
        for (const wanted of says) {
          assert.ok(
            all.some((line) => wanted.test(line)),
            `${wanted} is not among:\n${all.join('\n')}`,
          );
        }
        const expected = [...says, ...may];
        const strange = all.filter((line) => !expected.some((wanted) => wanted.test(line)));
        assert.deepEqual(strange, []);
        assert.equal(auditExitCodes[verdictOf(report)], exits[comesTo]);
        if (repaired) await stack.repair(report);
        else assert.deepEqual(report.repairs.listed, []);
      } finally {
        await undo?.(stack);
      }
      await untilRight(stack);
    });
  }

  it('the command says what it would do, does it when it is told, and audits again', async () => {
    const orderId = stack.orders.approved;
    const todo = `order ${orderId}: rewrite its row of the read model from the log`;
    const row = { what: 'row', order_id: orderId };
    await stack.ordersdb`update orders set status = 'Paid' where order_id = ${orderId}`;

    const asked = await command('--repair');
    assert.equal(asked.status, exitCodes.booksDiffer, asked.stderr);
    const [last, plan] = asked.stdout.trimEnd().split('\n').reverse();
    assert.deepEqual([plan, last], [`to do  ${todo}`, 'nothing was changed: add --yes to do it']);
    const dry = await command('--repair', '--dry-run', '--json');
    const { ok, repair } = JSON.parse(dry.stdout);
    assert.deepEqual([dry.status, ok, repair], [5, false, { dry_run: true, repairs: [row] }]);

    const done = await command('--repair', '--yes');
    assert.equal(done.status, exitCodes.done, done.stdout + done.stderr);
    assert.ok(done.stdout.includes(`to do  ${todo}\ndone  ${todo}: written\n`), done.stdout);
    assert.ok(done.stdout.endsWith('all right\n'), done.stdout);
    const again = await command('--repair', '--yes', '--json');
    const after = JSON.parse(again.stdout);
    assert.deepEqual([after.ok, after.repair], [true, { dry_run: false, repairs: [] }]);

    for (const wrong of [['--yes'], ['--dry-run'], ['--repair', '--yes', '--dry-run']]) {
      assert.equal((await command(...wrong)).status, exitCodes.usedWrongly, wrong.join(' '));
    }
  });

  /** `ordersctl audit`, told where this stack is and how long its orders may wait. */
  function command(...args: string[]) {
    const main = join(import.meta.dirname, '../main.ts');
    const env = { ...process.env, ...stack.addresses, ...stack.deadlines };
    return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      const of = [main, 'audit', ...args];
      execFile(process.execPath, of, { env, timeout: 40_000 }, (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }
});

describe('a void that is owed', function () {
  this.timeout(150_000);
  let stack: DamagedStack;

  before(async () => {
    stack = await startDamagedStack();
  });
  after(() => stack?.stop());

  it('a void that was asked for and is not answered waits, and is right when it is', async () => {
    const { decide } = orderHands(stack);
    const worker = stack.unit('paymentworker');
    await worker.stop();
    await decide(stack.orders.paid, 'cancel');
    const waits = new RegExp(`^orders: order ${stack.orders.paid} is Cancelled and waits for its`);
    const report = await untilOnly(waits);
    assert.equal(auditExitCodes[verdictOf(report)], exits.waiting);
    await worker.start();
    await untilRight(stack);
  });

  it('a void that nobody asked for, as its event was passed over, is asked for by a repair', async () => {
    const { decide, untilItIs } = orderHands(stack);
    const orderId = stack.orders.pending;
    await passedOver(async () => void (await decide(orderId, 'cancel')));
    const report = await untilOnly(
      new RegExp(`^orders: order ${orderId} is Cancelled and waits for its void to be requested`),
    );
    assert.deepEqual(report.repairs.listed, [{ what: 'void', orderId }]);
    await stack.repair(report);
    await untilItIs(orderId, 'Cancelled', 'voided');
    await untilRight(stack);
  });

  const untilOnly = (waits: RegExp) =>
    eventually(
      'nothing else is found',
      async () => {
        const report = await stack.audit(-1);
        const all = found(report);
        if (all.length > 0 && all.every((line) => waits.test(line))) return report;
        throw new Error(all.join('\n'));
      },
      60_000,
    );

  /** Does `work` while the coordinator is down, and has it continue behind the events that came of that. */
  async function passedOver(work: () => Promise<void>) {
    const worker = stack.unit('sagacoordinator');
    await worker.stop();
    await work();
    const ctx = background();
    const head = await stack.store.head(ctx);
    const place = { position: head, eventId: '', delivered: head };
    await eventually('the checkpoint is there', async () => {
      await stack.store.saveCheckpoint(ctx, { consumer: durables.saga, ...place });
      return true;
    });
    await worker.start();
  }
});
