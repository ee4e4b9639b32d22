import assert from 'node:assert/strict';
import { codedError } from '../../../shared/kit/errors.ts';
import { letterQuery } from './console-queries.ts';

const asked = (query: string) => letterQuery({ query: new URLSearchParams(query) });

describe('a question for dead letters', () => {
  it('is for those that are parked, from the first on, if it says nothing else', () => {
    assert.deepEqual(asked(''), { consumer: undefined, state: 'parked', after: undefined });
  });

  it('may go on after a letter', () => {
    const { after } = asked('after=payment-worker/17');
    assert.deepEqual(after, { consumer: 'payment-worker', position: 17 });
  });

  it('that names no letter, or no state, is refused', () => {
    for (const query of ['after=17', 'after=a/0', 'after=a/b', 'after=a%20b/1', 'state=lost']) {
      assert.throws(
        () => asked(query),
        (error) => codedError(error).code === 'invalid_query',
        query,
      );
    }
  });
});
