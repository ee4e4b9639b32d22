/** The contract of personal data, over any table of keys. For specs; each table calls it in a few lines. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { background } from '../kit/context.ts';
import { type KeyTable, peopleOf } from './key-table.ts';
import { isPseudonym } from './sealing.ts';

const place = { aggregateId: 'a1', field: 'reason' };

/** Registers the suite. Calls `open` before the first test. */
export function personalDataContract(open: () => Promise<KeyTable>): void {
  const ctx = background();
  let table: KeyTable;
  const people = () => peopleOf(table);
  const aName = () => `ada ${randomUUID()}`;
  const now = async () => new Map((await people().erasures(ctx)).map((e) => [e.pseudonym, e]));

  before(async () => {
    table = await open();
  });

  it('has one key for each name, however many ask first', async () => {
    const name = aName();
    assert.equal(await people().find(ctx, name), undefined);
    const found = await Promise.all(Array.from({ length: 8 }, () => people().person(ctx, name)));
    assert.equal(new Set(found.map(({ pseudonym }) => pseudonym)).size, 1);
    const [first] = found;
    assert.ok(first !== undefined && isPseudonym(first.pseudonym));
    const sealed = first.seal(place, 'no onions');
    assert.equal((await people().find(ctx, name))?.open(place, sealed), 'no onions');
  });

  it('makes keys for several names at once, of which some have one', async () => {
    const [one, two, three] = [aName(), aName(), aName()];
    const { pseudonym } = await people().person(ctx, two);
    const found = await people().people(ctx, [three, two, one]);
    assert.deepEqual(new Set(found.keys()), new Set([one, two, three]));
    assert.equal(found.get(two)?.pseudonym, pseudonym);
  });

  it('finds people by pseudonym, and says who they are', async () => {
    const [one, two] = [aName(), aName()];
    const { pseudonym } = await people().person(ctx, one);
    await people().person(ctx, two);
    const found = await people().ofPseudonyms(ctx, [pseudonym, 'pseudonym:unknown']);
    assert.deepEqual([...found.keys()], [pseudonym]);
    assert.equal(found.get(pseudonym)?.name, one);
    assert.equal((await people().ofPseudonyms(ctx, [])).size, 0);
  });

  it('opens nothing of an erased person, and leads from no pseudonym to a name', async () => {
    const name = aName();
    const person = await people().person(ctx, name);
    const other = await people().person(ctx, aName());
    assert.equal(await people().erase(ctx, [person.pseudonym]), 1);
    assert.equal(await people().find(ctx, name), undefined);
    assert.equal((await people().ofPseudonyms(ctx, [person.pseudonym])).size, 0);
    assert.equal((await people().ofPseudonyms(ctx, [other.pseudonym])).size, 1);
  });

  it('takes the next person of the same name for somebody else', async () => {
    const name = aName();
    const before = await people().person(ctx, name);
    const sealed = before.seal(place, 'no onions');
    await people().erase(ctx, [before.pseudonym]);
    const after = await people().person(ctx, name);
    assert.notEqual(after.pseudonym, before.pseudonym);
    assert.equal(after.open(place, sealed), undefined);
  });

  it('erases once, however often it is asked, and remembers when', async () => {
    const { pseudonym } = await people().person(ctx, aName());
    assert.equal(await people().erase(ctx, [pseudonym, pseudonym]), 1);
    const first = (await now()).get(pseudonym);
    assert.ok(first?.erasedAt instanceof Date);
    assert.equal(await people().erase(ctx, [pseudonym]), 0);
    assert.deepEqual((await now()).get(pseudonym), first);
  });

  it('erases a key again that a restored table brought back', async () => {
    const name = aName();
    const { pseudonym } = await people().person(ctx, name);
    const [row] = await table.ofNames(ctx, [name]);
    assert.ok(row);
    await people().erase(ctx, [pseudonym]);
    await table.add(ctx, [row]);
    assert.equal(await people().erase(ctx, [...(await now()).keys()]), 1);
    assert.equal(await people().find(ctx, name), undefined);
  });

  it('records an erasure of which it has no key', async () => {
    const pseudonym = `pseudonym:${randomUUID()}`;
    assert.equal(await people().erase(ctx, [pseudonym]), 0);
    assert.ok((await now()).has(pseudonym));
  });
}
