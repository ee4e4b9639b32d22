import assert from 'node:assert/strict';
import { background } from '../kit/context.ts';
import { eventually } from '../testing/eventually.ts';
import { type KeyTable, peopleOf } from './key-table.ts';
import { memoryKeyTable } from './memory-key-table.ts';
import { rememberedPeople } from './remembered-people.ts';

const place = { aggregateId: 'a1', field: 'reason' };

describe('remembered people', () => {
  const ctx = background();
  const options = { forMs: 60_000, most: 100, timeoutMs: 1_000 };

  /** A table that counts how often it is asked. */
  function counted() {
    const table = memoryKeyTable(() => new Date());
    const asked: string[] = [];
    const counting: KeyTable = {
      ...table,
      ofNames: (ctx, names) => {
        asked.push(`names ${[...names].sort()}`);
        return table.ofNames(ctx, names);
      },
      ofPseudonyms: (ctx, pseudonyms) => {
        asked.push(`pseudonyms ${pseudonyms.length}`);
        return table.ofPseudonyms(ctx, pseudonyms);
      },
    };
    return { table, asked, people: peopleOf(counting) };
  }

  it('are asked for together, and not again for a while', async () => {
    const { asked, people } = counted();
    const remembered = rememberedPeople(people, options);
    const [ada, again, bob] = await Promise.all(
      ['ada', 'ada', 'bob'].map((name) => remembered.person(ctx, name)),
    );
    assert.equal(ada?.pseudonym, again?.pseudonym);
    assert.notEqual(ada?.pseudonym, bob?.pseudonym);
    assert.deepEqual(asked, ['names ada,bob']);
    await remembered.person(ctx, 'ada');
    await remembered.find(ctx, 'bob');
    await remembered.ofPseudonyms(ctx, [ada?.pseudonym ?? '', bob?.pseudonym ?? '']);
    assert.deepEqual(asked, ['names ada,bob']);
  });

  it('who are erased are remembered as erased', async () => {
    const { table, asked, people } = counted();
    const { pseudonym } = await people.person(ctx, 'ada');
    await table.erase(ctx, [pseudonym]);
    const remembered = rememberedPeople(people, options);
    asked.length = 0;
    for (let n = 0; n < 3; n++) {
      assert.equal((await remembered.ofPseudonyms(ctx, [pseudonym])).size, 0);
    }
    assert.deepEqual(asked, ['pseudonyms 1']);
  });

  it('are forgotten in time, so that an erasure elsewhere takes effect', async () => {
    const { table, people } = counted();
    const remembered = rememberedPeople(people, { ...options, forMs: 20 });
    const { pseudonym, seal } = await remembered.person(ctx, 'ada');
    const sealed = seal(place, 'no onions');
    await table.erase(ctx, [pseudonym]);
    await eventually('ada is erased here, too', async () => {
      const found = await remembered.ofPseudonyms(ctx, [pseudonym]);
      return found.get(pseudonym)?.open(place, sealed) === undefined;
    });
    assert.notEqual((await remembered.person(ctx, 'ada')).pseudonym, pseudonym);
  });

  it('are forgotten at once when they are erased here', async () => {
    const { people } = counted();
    const remembered = rememberedPeople(people, options);
    const { pseudonym } = await remembered.person(ctx, 'ada');
    await remembered.erase(ctx, [pseudonym]);
    assert.equal((await remembered.ofPseudonyms(ctx, [pseudonym])).size, 0);
    assert.equal(await remembered.find(ctx, 'ada'), undefined);
  });

  it('are so many at most', async () => {
    const { asked, people } = counted();
    const remembered = rememberedPeople(people, { ...options, most: 2 });
    for (const name of ['ada', 'bob', 'cy', 'cy', 'bob', 'ada']) await remembered.person(ctx, name);
    assert.deepEqual(asked, ['names ada', 'names bob', 'names cy', 'names ada']);
  });
});
