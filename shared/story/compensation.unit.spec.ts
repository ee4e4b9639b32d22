import assert from 'node:assert/strict';
import { initialState, type OrderEvent, type OrderState } from '../domain/order.ts';
import { compensation } from './compensation.ts';

const orderId = 'o-1';
const decidedBy = 'x';
const voided: OrderEvent = { type: 'paymentvoided', orderId, paymentId: '' };
const requested: OrderEvent = { type: 'voidrequested', orderId, reason: '' };
const ends: readonly OrderEvent[] = [
  { type: 'rejected', orderId, decidedBy, reason: '' },
  { type: 'cancelled', orderId, decidedBy, reason: '' },
  { type: 'paymentfailed', orderId, reason: '' },
];
const at = (ms: number, event: OrderEvent) => ({ event, at: new Date(ms) });
const state = (of: Partial<OrderState>): OrderState => ({ ...initialState, ...of });

describe('how money is put right', () => {
  it('is due, then asked for, then done; and nothing where there is nothing to do', () => {
    const due = state({ status: 'Cancelled', payment: 'debited' });
    assert.deepEqual(compensation(due, []), { state: 'due' });
    const asked = state({ status: 'Cancelled', payment: 'void_requested' });
    assert.deepEqual(compensation(asked, []), { state: 'asked' });
    for (const settled of [
      state({ status: 'Approved', payment: 'debited' }),
      state({ status: 'PaymentFailed', payment: 'failed' }),
      state({ status: 'Pending' }),
    ]) {
      assert.equal(compensation(settled, []), undefined);
    }
  });

  it('took from the end of the order, however it ended, to the void', () => {
    const done = state({ status: 'Cancelled', payment: 'voided' });
    for (const end of ends) {
      const told: Parameters<typeof compensation>[1] = [
        at(100, requested),
        at(1_000, end),
        at(1_500, voided),
        at(9_000, voided),
      ];
      assert.deepEqual(compensation(done, told), { state: 'done', took_ms: 500 });
    }
    for (const unknown of [[], [at(1, voided)], ends.map((end) => at(1, end))]) {
      assert.deepEqual(compensation(done, unknown), { state: 'done' });
    }
  });
});
