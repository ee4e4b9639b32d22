import assert from 'node:assert/strict';
import { CodedError } from '../shared/kit/errors.ts';
import { errorText } from './error-text.ts';

describe('errorText', () => {
  const typed = (id: string) =>
    new CodedError('not_found', 'order_not_found', `There is no order ${id}.`);

  it('does not let what was typed steer the terminal, nor fill it', () => {
    assert.equal(
      errorText(typed('\u001b[31mred'), false),
      'ordersctl: There is no order \\u{1B}[31mred. (order_not_found)',
    );
    const long = errorText(typed('x'.repeat(5_000)), false);
    assert.ok(long.length < 1_100 && long.endsWith('… (order_not_found)'));
  });

  it('for programs is a document with the code', () => {
    assert.deepEqual(JSON.parse(errorText(typed('1'), true)), {
      code: 'order_not_found',
      detail: 'There is no order 1.',
    });
  });
});
