import assert from 'node:assert/strict';
import { anEvent } from '../../../shared/testing/an-event.ts';
import type { Append } from './append.ts';
import { predict } from './optimistic.ts';

function anAppend(aggregateId: string, expectedVersion: bigint | undefined, count = 1): Append {
  return { events: Array.from({ length: count }, () => anEvent({ aggregateId })), expectedVersion };
}

describe('predict', () => {
  const shape = (batch: Append[]) =>
    predict(batch).map(({ version, offset, predecessor }) => [version, offset, predecessor]);

  it('an expected version gives the version, and must exist', () => {
    assert.deepEqual(shape([anAppend('a', 4n, 2)]), [
      [5n, 0n, 4n],
      [6n, 0n, undefined],
    ]);
  });

  it('a new aggregate has no predecessor', () => {
    assert.deepEqual(shape([anAppend('a', 0n)]), [[1n, 0n, undefined]]);
  });

  it('a predecessor that the batch itself writes is not looked for', () => {
    assert.deepEqual(shape([anAppend('a', 0n), anAppend('a', 1n), anAppend('b', 1n)]), [
      [1n, 0n, undefined],
      [2n, 0n, undefined],
      [2n, 0n, 1n],
    ]);
  });

  it('without an expected version the database counts, in the order of the batch', () => {
    assert.deepEqual(
      shape([anAppend('a', undefined), anAppend('b', undefined), anAppend('a', undefined, 2)]),
      [
        [undefined, 1n, undefined],
        [undefined, 1n, undefined],
        [undefined, 2n, undefined],
        [undefined, 3n, undefined],
      ],
    );
  });

  it('each prediction has its event, in the order of the batch', () => {
    const batch = [anAppend('a', 0n, 2), anAppend('b', undefined, 2)];
    assert.deepEqual(
      predict(batch).map(({ event }) => event),
      batch.flatMap(({ events }) => events),
    );
  });
});
