import assert from 'node:assert/strict';
import { background } from '../../../shared/kit/context.ts';
import { CodedError, codedError } from '../../../shared/kit/errors.ts';
import { minor } from '../../../shared/money/money.ts';
import { guardedGateway } from './guarded-gateway.ts';

const ctx = background();
const debit = { idempotencyKey: 'k', orderId: 'o', customerId: 'c', amount: minor(1) };
const options = { threshold: 2, halfOpenAfterMs: 60_000 };

describe('guarded gateway', () => {
  it('stops asking for debits when the gateway is away, and goes on giving back', async () => {
    let asked = 0;
    const gateway = guardedGateway(
      {
        debit: async () => {
          asked++;
          throw new CodedError('unavailable', 'away', 'It is away.');
        },
        void: async () => ({ paymentId: 'payment-1' }),
      },
      options,
    );
    const codes = [];
    for (let n = 0; n < 4; n++) {
      codes.push(await gateway.debit(ctx, debit).catch((error) => codedError(error).code));
    }
    assert.deepEqual(codes, ['away', 'away', 'circuit_open', 'circuit_open']);
    assert.equal(asked, 2);
    assert.match(gateway.degraded?.() ?? '', /^debits keep failing.*circuit_open/);
    assert.deepEqual(await gateway.void(ctx, { idempotencyKey: 'v', orderId: 'o' }), {
      paymentId: 'payment-1',
    });
  });

  it('stops asking for voids when those fail', async () => {
    const gateway = guardedGateway(
      {
        debit: async () => ({ outcome: 'debited', paymentId: 'payment-1' }),
        void: async () => {
          throw new CodedError('unavailable', 'away', 'It is away.');
        },
      },
      options,
    );
    const codes = [];
    for (let n = 0; n < 3; n++) {
      const request = { idempotencyKey: 'v', orderId: 'o' };
      codes.push(await gateway.void(ctx, request).catch((error) => codedError(error).code));
    }
    assert.deepEqual(codes, ['away', 'away', 'circuit_open']);
    assert.equal((await gateway.debit(ctx, debit)).outcome, 'debited');
  });

  it('a declined debit is an answer and opens nothing', async () => {
    const gateway = guardedGateway(
      {
        debit: async () => ({ outcome: 'declined', reason: 'no credit' }),
        void: async () => ({ paymentId: '' }),
      },
      options,
    );
    for (let n = 0; n < 4; n++) {
      assert.equal((await gateway.debit(ctx, debit)).outcome, 'declined');
    }
  });
});
