import assert from 'node:assert/strict';
import { UsageError } from '../../cli/option.ts';
import { readOptions } from './options.ts';

const titles = ['append', 'two writers'];

describe('the options of the engine bench', () => {
  it('some parts can be chosen, and an unknown one is refused with those there are', () => {
    assert.deepEqual(readOptions(['--only', 'append, two writers'], titles).only, titles);
    assert.throws(
      () => readOptions(['--only', 'appends'], titles),
      (error) =>
        error instanceof UsageError && /"appends".*append, two writers/.test(error.message),
    );
  });

  it('a page is written of whole runs only', () => {
    assert.throws(() => readOptions(['--docs', '--only', 'append'], titles), UsageError);
    assert.equal(readOptions(['--docs'], titles).docs, true);
  });

  it('stored events outside of the range are refused', () => {
    assert.throws(() => readOptions(['--events', '100'], titles), UsageError);
    assert.equal(readOptions(['--events', '10000000'], titles).plan.sizes.length, 4);
  });
});
