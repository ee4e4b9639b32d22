/**
 * Every order ends and the money is right, whatever happens in whatever order.
 * Each run lives worlds that nobody has lived before, and first those that once
 * went wrong (interleavings/cases.json). `INTERLEAVINGS=1000000` lives that many;
 * `INTERLEAVING_SEED=n` lives one again and tells its story.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { orderEventCodec } from '../shared/contracts/events.ts';
import { orderDecider } from '../shared/domain/order.ts';
import { foldRecorded } from '../shared/eventstore/command-handler.ts';
import { live } from './interleavings/world.ts';

const COUNT = Number(process.env.INTERLEAVINGS || 10_000);
const SEED = process.env.INTERLEAVING_SEED;
const FIRST = SEED === undefined ? randomInt(2 ** 31) : Number(SEED);
const CASES = new URL('interleavings/cases.json', import.meta.url);

async function keep(seed: number): Promise<void> {
  const cases = JSON.parse(await readFile(CASES, 'utf8')) as number[];
  if (cases.includes(seed)) return;
  await writeFile(CASES, `${JSON.stringify([...cases, seed])}\n`);
}

describe('interleavings', () => {
  it(`in ${SEED === undefined ? COUNT : 'that'} worlds every order ends, and money is kept for approved orders only`, async function () {
    this.timeout(0);
    const statuses = new Map<string, number>();
    // Thousands of faults are thrown, and where from is told by the story.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = SEED === undefined ? 0 : stackTraceLimit;
    after(() => {
      Error.stackTraceLimit = stackTraceLimit;
    });
    const known = JSON.parse(await readFile(CASES, 'utf8')) as number[];
    const fresh = Array.from({ length: COUNT }, (_, n) => FIRST + n);
    for (const seed of SEED === undefined ? [...known, ...fresh] : [FIRST]) {
      const { wrongs, endings, story } = await live(seed).catch((cause: unknown) => {
        throw new Error(`world ${seed} broke off`, { cause });
      });
      if (SEED !== undefined) console.log(story.join('\n'));
      if (wrongs.length > 0) await keep(seed);
      const again = `INTERLEAVING_SEED=${seed} tells the story`;
      assert.deepEqual(wrongs, [], `world ${seed}: ${wrongs.join('; ')} (${again})`);
      for (const { history } of endings) {
        const { status, payment } = foldRecorded(orderDecider, orderEventCodec(2), history);
        const key = `${status}, ${payment}`;
        statuses.set(key, (statuses.get(key) ?? 0) + 1);
      }
    }
    if (SEED !== undefined) return;
    // The worlds are not all of one kind, or they would prove little.
    for (const ending of [
      'Approved, debited',
      'PaymentFailed, failed',
      'Rejected, voided',
      'Cancelled, voided',
      'Cancelled, failed',
    ]) {
      assert.ok((statuses.get(ending) ?? 0) > 0, `no order ended ${ending}: ${[...statuses]}`);
    }
  });

  it('one seed lives one world: what happens in it is the same each time', async () => {
    const [one, other] = [await live(FIRST), await live(FIRST)];
    assert.deepEqual(one.story, other.story);
  });
});
