import assert from 'node:assert/strict';
import type { ConsumerConfig } from 'nats';
import { lacking, together } from './durable.ts';

describe('the filter of a durable lacks', () => {
  const lacks = (filter_subjects: string[], ...wanted: string[]) =>
    lacking({ filter_subjects } as unknown as ConsumerConfig, wanted);

  it('what its subjects do not cover', () => {
    assert.deepEqual(lacks(['O.nothing'], 'O.a', 'O.b'), ['O.a', 'O.b']);
    assert.deepEqual(lacks(['O.a'], 'O.a', 'O.b'), ['O.b']);
    assert.deepEqual(lacks(['O.*.x', 'O', 'O.a.>', 'P.*'], 'O.a'), ['O.a']);
    assert.deepEqual(lacks(['O.*'], 'O.>'), ['O.>']);
    assert.deepEqual(lacks(['O.a']), ['>'], 'all of the stream is wanted');
    const one = { filter_subject: 'O.a' } as ConsumerConfig;
    assert.deepEqual(lacking(one, ['O.a', 'O.b']), ['O.b']);
  });

  it('nothing where it has as much or more', () => {
    for (const filter of [[], ['O.b', 'O.a', 'O.c'], ['O.*'], ['O.>'], ['>'], ['*.a', '*.b']]) {
      assert.deepEqual(lacks(filter, 'O.a', 'O.b'), [], filter.join());
    }
    assert.deepEqual(lacks(['>']), []);
  });
});

describe('the filter of a durable that is recreated', () => {
  const has = (filter_subjects: string[], ...wanted: string[]) =>
    together({ filter_subjects } as unknown as ConsumerConfig, wanted);

  it('has what is wanted and keeps what it had, each once', () => {
    assert.deepEqual(together(undefined, ['O.b']), ['O.b']);
    assert.deepEqual(has(['O.a', 'O.b'], 'O.b', 'O.c'), ['O.b', 'O.c', 'O.a']);
    assert.deepEqual(has(['O.a', 'P.a'], 'O.*'), ['O.*', 'P.a']);
    assert.deepEqual(has(['O.*'], 'O.a', 'P.a'), ['P.a', 'O.*']);
    assert.deepEqual(has(['O.a']), [], 'all of the stream');
  });
});
