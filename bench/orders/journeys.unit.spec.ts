import assert from 'node:assert/strict';
import { createJourneys } from './journeys.ts';

describe('journeys', () => {
  it('an end that is seen before the answer counts all the same', () => {
    const journeys = createJourneys();
    journeys.ended('a', 'Approved', 12);
    journeys.began('a', 5);
    journeys.began('b', 6);
    assert.equal(journeys.open, 1);
    journeys.ended('b', 'Approved', 10);
    assert.deepEqual(journeys.approvedMs, [7, 4]);
    assert.deepEqual([journeys.open, journeys.lastEndAt], [0, 12]);
  });

  it('only the first end of an order counts', () => {
    const journeys = createJourneys();
    journeys.ended('a', 'Cancelled', 2);
    journeys.ended('a', 'Approved', 3);
    journeys.began('a', 1);
    journeys.began('b', 1);
    journeys.ended('b', 'Rejected', 4);
    journeys.ended('b', 'Approved', 5);
    assert.deepEqual(journeys.endings, {
      Approved: 0,
      Rejected: 1,
      Cancelled: 1,
      PaymentFailed: 0,
    });
    assert.deepEqual(journeys.approvedMs, []);
  });

  it('other people’s orders count nowhere, and are forgotten in time', () => {
    const journeys = createJourneys();
    journeys.ended('theirs', 'Approved', 1);
    for (let n = 0; n < 100_000; n++) journeys.ended(`their ${n}`, 'Approved', 1);
    assert.deepEqual([journeys.open, journeys.endings.Approved], [0, 0]);
    journeys.began('theirs', 0);
    assert.equal(journeys.open, 1, 'it was forgotten');
  });
});
