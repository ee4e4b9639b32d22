import assert from 'node:assert/strict';
import { headTimes, lastHour } from './last-hour.ts';
import { recentJourneys } from './percentiles.ts';

describe('the last hour', () => {
  /** As of second `n`. */
  const point = (n: number) => ({
    at: new Date(n * 1_000).toISOString(),
    head: n,
    accepted: 0,
    completed: 0,
    lag: {},
  });

  it('keeps so many points, oldest first', () => {
    const hour = lastHour(3);
    for (let n = 1; n <= 10; n++) {
      hour.add(point(n));
      assert.ok(hour.points().length <= 3);
    }
    assert.deepEqual(
      hour.points().map(({ head }) => head),
      [8, 9, 10],
    );
  });

  it('gives each second of the last ten minutes, and one in ten before', () => {
    const hour = lastHour();
    for (let n = 1; n <= 10_000; n++) hour.add(point(n));
    const heads = hour.points().map(({ head }) => head);
    assert.equal(heads.length, 900);
    assert.deepEqual(
      heads.slice(-600),
      Array.from({ length: 600 }, (_, n) => 9_401 + n),
    );
    const older = heads.slice(0, 300);
    assert.ok(older.every((head) => head > 6_400 && head % 10 === 0));
  });

  it('is an hour also when looks took longer than a second', () => {
    const hour = lastHour();
    for (let n = 0; n <= 10_000; n += 4) hour.add(point(n));
    const heads = hour.points().map(({ head }) => head);
    assert.ok((heads[0] ?? 0) > 6_400, `the oldest is of ${heads[0]}`);
    assert.equal(heads.filter((head) => head > 9_400).length, 150);
    assert.equal(heads.filter((head) => head <= 9_400).length, 300);
  });

  it('an event is as old as the look at which the head was first beyond it', () => {
    const heads = headTimes();
    heads.saw(10, 1_000);
    heads.saw(20, 2_000);
    heads.saw(30, 3_000);
    assert.equal(heads.ageAfter(10, 5_000), 3);
    assert.equal(heads.ageAfter(19, 5_000), 3);
    assert.equal(heads.ageAfter(20, 5_000), 2);
    assert.equal(heads.ageAfter(30, 5_000), undefined, 'nothing came after it');
    assert.equal(heads.ageAfter(5, 5_000), undefined, 'it came before the first look');
  });

  it('a head that goes back, as after a restore, begins again', () => {
    const heads = headTimes();
    for (const at of [1_000, 1_400, 1_800]) heads.saw(100, at);
    heads.saw(50, 2_000);
    heads.saw(60, 3_000);
    assert.equal(heads.ageAfter(50, 3_500), 0.5);
  });
});

describe('recent journeys', () => {
  it('have percentiles of the last seconds only', () => {
    const journeys = recentJourneys();
    assert.equal(journeys.percentiles(), undefined);
    journeys.add([1_000], 0);
    journeys.add(
      Array.from({ length: 100 }, (_, n) => n + 1),
      5_000,
    );
    journeys.add([], 10_000);
    assert.deepEqual(journeys.percentiles(), { p50: 50, p99: 99 });
    journeys.add([], 15_000);
    assert.equal(journeys.percentiles(), undefined);
  });
});
