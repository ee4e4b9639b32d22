import assert from 'node:assert/strict';
import fc from 'fast-check';
import { background } from '../kit/context.ts';
import { peopleOf } from './key-table.ts';
import { memoryKeyTable } from './memory-key-table.ts';
import { openedJson, ownersOf, textsInJson } from './opening.ts';
import { ERASED } from './personal-data.ts';

const ctx = background();

describe('texts in JSON', () => {
  const people = peopleOf(memoryKeyTable(() => new Date()));

  it('are opened in their fields, and all else stays byte for byte', async () => {
    const { pseudonym, seal } = await people.person(ctx, 'ada');
    const name = seal({ aggregateId: 'a1', field: 'items.0.name' }, 'a "pizza"\n$&');
    const json = `{"n": 9007199254740993,"who":"${pseudonym}", "items":[{"name":"${name}"}],"e":1e400}`;
    assert.deepEqual(textsInJson(json), [
      { field: 'who', text: pseudonym },
      { field: 'items.0.name', text: name },
    ]);
    const owners = await ownersOf(people, ctx, [name]);
    assert.equal(
      openedJson(owners, 'a1', json),
      '{"n": 9007199254740993,"who":"ada", "items":[{"name":"a \\"pizza\\"\\n$&"}],"e":1e400}',
    );
    assert.equal(
      openedJson(owners, 'a2', json),
      `{"n": 9007199254740993,"who":"ada", "items":[{"name":"${ERASED}"}],"e":1e400}`,
    );
    assert.equal(
      openedJson(new Map(), 'a1', json),
      `{"n": 9007199254740993,"who":"${ERASED}", "items":[{"name":"${ERASED}"}],"e":1e400}`,
    );
  });

  it('that are plain stay as they are, and so does what is no JSON', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        assert.equal(openedJson(new Map(), 'a1', text), text);
      }),
    );
    const cut = '{"a":"pseudonym:AAAAAAAAAAAAAAAAAAAAAA"';
    assert.equal(openedJson(new Map(), 'a1', cut), cut);
  });

  it('ask for nobody where nobody is named', async () => {
    const never = { ofPseudonyms: () => Promise.reject(new Error('asked')) };
    assert.equal((await ownersOf(never, ctx, ['ada', 'sealed', ''])).size, 0);
  });
});
