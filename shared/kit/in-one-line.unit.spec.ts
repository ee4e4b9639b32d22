import assert from 'node:assert/strict';
import { inOneLine } from './in-one-line.ts';

describe('inOneLine', () => {
  it('tells what went wrong and why, also where the cause is many or no error', () => {
    const refused = new AggregateError([new Error('refused\n  by ::1'), new Error('by 127.0.0.1')]);
    assert.equal(
      inOneLine(new Error('not started', { cause: refused })),
      'not started: refused by ::1',
    );
    assert.equal(inOneLine(new Error('lost', { cause: 'why' })), 'lost: why');
    assert.equal(inOneLine(new TypeError()), 'TypeError');
  });

  it('ends where causes go round', () => {
    const error = new Error('round');
    error.cause = error;
    assert.equal(inOneLine(error).split(': ').length, 8);
  });
});
