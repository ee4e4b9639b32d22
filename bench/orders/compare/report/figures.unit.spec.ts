import assert from 'node:assert/strict';
import type { Condition } from '../plan.ts';
import type { Round } from '../round.ts';
import { ratioOf, rowOf } from './figures.ts';

const condition: Condition = { part: 'callers', amount: 64, load: { callers: 64, ms: 1_000 } };

/** A round of 100 orders at so many a second, and so much of the processors for an order. */
function aRound(completedPerSecond: number, cpuMs: number, completed = 100): Round {
  const times = { p50: 10, p95: 20, p99: 30, max: 40 };
  return {
    accepted: completed,
    acceptedPerSecond: completedPerSecond,
    completed,
    completedPerSecond,
    accept: times,
    journey: times,
    refused: { 503: 2 },
    refusal: times,
    notEnded: 0,
    drainMs: 7,
    used: new Map([
      ['a', { cpuMs: (cpuMs * completed) / 4, wakeUps: completed, rssMb: 100 }],
      ['b', { cpuMs: (3 * cpuMs * completed) / 4, wakeUps: 0, rssMb: 50 }],
    ]),
    memory: { allMb: 150, largestMb: 100 },
    generator: { cpuMs: completed, wakeUps: 0, rssMb: 1 },
    others: 0,
    counts: {
      toNats: cpuMs,
      fromNats: 0,
      acknowledged: 0,
      transactions: { ordersdb: cpuMs },
      walFlushes: 0,
      walBytes: 0,
    },
    queues: { 'payment-worker': [1, completedPerSecond] },
    batches: new Map(),
  };
}

describe('figures of several rounds', () => {
  it('are the middle round with the lowest and the highest, an order', () => {
    const row = rowOf(condition, {
      name: 'x',
      rounds: [aRound(300, 4), aRound(100, 8), aRound(200, 5)],
    });
    assert.deepEqual(row.figures.completedPerSecond, { median: 200, min: 100, max: 300 });
    assert.deepEqual(row.figures.cpuMs, { median: 5, min: 4, max: 8 });
    assert.deepEqual(row.figures.generatorCpuMs, { median: 1, min: 1, max: 1 });
    assert.deepEqual(row.processes.b, { cpuMs: 3.75, wakeUps: 0, rssMb: 50 });
    assert.deepEqual([row.orders, row.refused, row.refusalP99], [300, 6, 30]);
    assert.equal(row.counts.transactions.ordersdb, 5);
  });

  it('a ratio is of rounds that followed one another, and not of medians', () => {
    // The machine was twice as fast for the second pair: each pair says a quarter.
    const ratio = ratioOf(
      condition,
      { name: 'x', rounds: [aRound(100, 8), aRound(200, 4)] },
      { name: 'y', rounds: [aRound(400, 2), aRound(800, 1)] },
    );
    assert.deepEqual(ratio?.completed, { median: 0.25, min: 0.25, max: 0.25 });
    assert.deepEqual(ratio?.cpu, { median: 4, min: 4, max: 4 });
  });

  it('a pair in which nothing was completed says nothing', () => {
    const some = { name: 'x', rounds: [aRound(100, 8)] };
    const nothing = { name: 'y', rounds: [aRound(0, 0, 0)] };
    assert.equal(ratioOf(condition, some, nothing), undefined);
  });
});
