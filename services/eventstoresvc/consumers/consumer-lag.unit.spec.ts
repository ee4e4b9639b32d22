import assert from 'node:assert/strict';
import { background } from '../../../shared/kit/context.ts';
import { recordingDatabase } from '../../../shared/testing/recording.ts';
import { type Cleared, consumerLags } from './consumer-lag.ts';

describe('the lag of a consumer of rare types', () => {
  const row = { consumer: 'worker', position: '3', event_types: 'ORDERS.rare', events: '0' };
  const ctx = background();

  /** The places from which the looks go on, and the ages that they find, in a log whose only rare event is at `rare`. */
  async function looks(count: number, head: number, rare: number) {
    const from = (text: string) => Number(/position > (\d+)::int8/.exec(text)?.[1]);
    const { database, statements } = recordingDatabase((text) => {
      if (text.includes('from checkpoints')) return [{ ...row, seconds: 0, head: String(head) }];
      const found = rare > from(text) && rare <= from(text) + 100_000;
      return found ? [{ seconds: 40 }] : [];
    });
    const cleared: Cleared = new Map();
    const ages: (number | undefined)[] = [];
    for (let look = 0; look < count; look++) {
      ages.push((await consumerLags(database, 'ORDERS', ctx, cleared))[0]?.seconds);
    }
    const further = statements.filter((text) => !text.includes('from checkpoints'));
    return { ages, from: further.map(from) };
  }

  it('has the age of its next event, however far behind the checkpoint that is', async () => {
    assert.deepEqual(await looks(1, 20_000, 15_000), { ages: [40], from: [10_003] });
    assert.deepEqual(await looks(4, 500_000, 250_000), {
      ages: [0, 0, 40, 40],
      from: [10_003, 110_003, 210_003, 210_003],
    });
  });

  it('costs little where there is none: each look goes on where the last one ended', async () => {
    assert.deepEqual(await looks(3, 120_000, 0), {
      ages: [0, 0, 0],
      from: [10_003, 110_000, 110_000],
    });
    assert.deepEqual(await looks(2, 10_000, 0), { ages: [0, 0], from: [] });
  });
});
