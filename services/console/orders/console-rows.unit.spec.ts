import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import type { OrderState } from '../../../shared/domain/order.ts';
import { minor } from '../../../shared/money/money.ts';
import { KEY_BYTES, newPseudonym, sealText } from '../../../shared/personal-data/sealing.ts';
import { foldedRow, listedRow } from './console-rows.ts';

const at = (seconds: number) => new Date(Date.parse('2026-03-01T18:30:00.000Z') + seconds * 1_000);
const rules = (seconds: number) => ({
  decimals: 2,
  patience: { paymentMs: 60_000, reviewMs: 30_000 },
  nowMs: at(seconds).getTime(),
});
const details = {
  orderId: 'o1',
  customerId: 'ada',
  restaurantId: 'trattoria',
  amount: minor(1_950),
  items: [],
  createdOn: at(0).toISOString(),
};
const folded = (state: Partial<OrderState>) => ({
  orderId: 'o1',
  state: { status: 'Pending', payment: 'none', details, reason: undefined, ...state } as const,
  version: 1,
  createdAt: at(0),
  changedAt: at(10),
});

describe('a row of the console', () => {
  it('says who it waits for, until when, and whether that is over', () => {
    const pending = foldedRow(folded({}), rules(59));
    assert.deepEqual(
      [pending?.waits_for, pending?.due_at, pending?.overdue],
      ['payment', at(60).toISOString(), undefined],
    );
    assert.equal(foldedRow(folded({}), rules(61))?.overdue, true);
    const paid = foldedRow(folded({ status: 'Paid', payment: 'debited' }), rules(41));
    assert.deepEqual(
      [paid?.waits_for, paid?.due_at, paid?.overdue],
      ['restaurant', at(40).toISOString(), true],
    );
  });

  it('that ended badly waits for its refund, which has no end', () => {
    for (const payment of ['none', 'debited', 'void_requested'] as const) {
      const row = foldedRow(folded({ status: 'Rejected', payment }), rules(1_000));
      assert.deepEqual([row?.waits_for, row?.due_at], ['refund', undefined], payment);
    }
    const done = foldedRow(folded({ status: 'Rejected', payment: 'voided' }), rules(0));
    assert.equal(done?.waits_for, undefined);
    assert.equal(foldedRow(folded({ status: 'Approved' }), rules(0))?.waits_for, undefined);
  });

  it('leaves out what the log has sealed', () => {
    const pseudonym = newPseudonym();
    const reason = sealText(
      createSecretKey(randomBytes(KEY_BYTES)),
      pseudonym,
      { aggregateId: 'o1', field: 'reason' },
      'I moved',
    );
    const sealed = { ...details, customerId: pseudonym };
    const row = foldedRow(folded({ details: sealed, reason }), rules(0));
    assert.ok(row);
    assert.deepEqual([row.customer_id, row.reason], [undefined, undefined]);
  });

  it('that was never created is none', () => {
    assert.equal(foldedRow(folded({ details: undefined }), rules(0)), undefined);
  });

  it('is the same from ordersvc’s list', () => {
    const row = listedRow(
      {
        order_id: 'o1',
        customer_id: 'ada',
        restaurant_id: 'trattoria',
        status: 'Pending',
        payment_status: 'none',
        amount: 19.5,
        order_items: [],
        created_on: at(0).toISOString(),
        version: 1,
        changed_at: at(10).toISOString(),
      },
      rules(61),
    );
    assert.deepEqual(row, foldedRow(folded({}), rules(61)));
  });
});
