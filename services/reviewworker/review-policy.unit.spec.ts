import assert from 'node:assert/strict';
import type { OrderDetails } from '../../shared/domain/order.ts';
import { MAX_AMOUNT, type Minor, minor } from '../../shared/money/money.ts';
import { type ReviewPolicy, review } from './review-policy.ts';

const lenient: ReviewPolicy = { rejectAbove: MAX_AMOUNT, rejectRestaurants: [], manual: [] };

function order(amount: Minor, restaurantId = 'r-1'): OrderDetails {
  return { orderId: 'o-1', customerId: 'c-1', restaurantId, amount, items: [], createdOn: '' };
}

describe('review policy', () => {
  it('approves where no rule speaks against it', () => {
    assert.equal(review(lenient, order(minor(1_000_000)))?.type, 'approve');
  });

  it('rejects what costs more than the limit, and not what costs just as much', () => {
    const policy = { ...lenient, rejectAbove: minor(5_000) };
    assert.equal(review(policy, order(minor(5_000)))?.type, 'approve');
    assert.equal(review(policy, order(minor(5_001)))?.type, 'reject');
  });

  it('rejects for the restaurants that were named, and for no other', () => {
    const policy = { ...lenient, rejectRestaurants: ['closed'] };
    assert.equal(review(policy, order(minor(1), 'closed'))?.type, 'reject');
    assert.equal(review(policy, order(minor(1), 'open'))?.type, 'approve');
  });

  it('says why it rejects', () => {
    const command = review(
      { ...lenient, rejectRestaurants: ['closed'] },
      order(minor(1), 'closed'),
    );
    assert.ok(command?.type === 'reject' && command.reason.includes('closed'));
  });

  it('leaves to restaurants what they decide themselves, whatever else is said of them', () => {
    const policy = { ...lenient, rejectRestaurants: ['both'], manual: ['both', 'careful'] };
    assert.equal(review(policy, order(minor(1), 'both')), undefined);
    assert.equal(review(policy, order(minor(1), 'careful')), undefined);
    assert.equal(review(policy, order(minor(1), 'other'))?.type, 'approve');
  });

  it('in manual mode decides nothing', () => {
    const policy: ReviewPolicy = { ...lenient, rejectAbove: minor(0), manual: 'all' };
    assert.equal(review(policy, order(minor(1))), undefined);
  });

  it('says that the policy decided: that name stands in the log', () => {
    const policy = { ...lenient, rejectRestaurants: ['closed'] };
    const who = ['open', 'closed'].map((restaurant) => {
      const command = review(policy, order(minor(1), restaurant));
      return command !== undefined && 'decidedBy' in command && command.decidedBy;
    });
    assert.deepEqual(who, ['policy', 'policy']);
  });
});
