import assert from 'node:assert/strict';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createMetrics, type Metrics } from '../../../shared/kit/metrics/metrics.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { scraped } from '../../../shared/testing/scraped.ts';
import { parkedLetters } from './parked-letters.ts';

describe('the gauge of parked letters', () => {
  let found: Map<string, number> | Error;
  let looks: number;
  let metrics: Metrics;
  let counting: ReturnType<typeof parkedLetters>;

  beforeEach(async () => {
    looks = 0;
    metrics = createMetrics('eventstoresvc');
    const countParked = async () => {
      looks++;
      if (found instanceof Error) throw found;
      return found;
    };
    found = new Map([['payment-worker', 3]]);
    counting = parkedLetters([{ countParked }, { countParked: async () => new Map() }], {
      ...metrics,
      logger: silentLogger,
      lookMs: 1,
    });
    await counting.start?.();
  });
  afterEach(async () => {
    await counting.stop?.();
    await metrics.close();
  });

  async function told(): Promise<string[]> {
    const enough = looks + 2;
    await eventually('looked', () => looks >= enough);
    return scraped(metrics)
      .split('\n')
      .filter((line) => line.startsWith('eventstore_dead_letters_parked{'))
      .map((line) => line.replace(/.*consumer="([^"]*)".*} /, '$1 '));
  }

  it('is what SQL counts, by consumer, and 0 for one whose letters are all settled', async () => {
    assert.deepEqual(await told(), ['payment-worker 3']);
    found = new Map([['review-worker', 1]]);
    assert.deepEqual(await told(), ['payment-worker 0', 'review-worker 1']);
  });

  it('stays what it was while SQL does not answer', async () => {
    await told();
    found = new Error('away');
    assert.deepEqual(await told(), ['payment-worker 3']);
  });
});
