import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeFirst, before as beforeText, createDraft, type Draft, endOf } from './draft.ts';
import { Refusal } from './refusal.ts';

describe('a draft', () => {
  let folder: string;
  let draft: Draft;
  const content = () => readFileSync(join(folder, 'a.ts'), 'utf8');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'orders-draft-'));
    writeFileSync(join(folder, 'a.ts'), 'one {\n}\ntwo {\n}\n');
    draft = createDraft(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('writes nothing until it is told to, and then every change', () => {
    draft.insert('a.ts', 'the end of two', endOf('two {', '\n}'), '\n  2');
    draft.insert('a.ts', 'the end of one', endOf('one {', '\n}'), '\n  1');
    draft.insert('a.ts', 'one', beforeText('one {'), 'zero\n');
    draft.create('b/c.ts', 'three\n');
    assert.equal(content(), 'one {\n}\ntwo {\n}\n');
    assert.deepEqual(
      draft.changes().map(({ path, change }) => `${change} ${path}`),
      ['changed a.ts', 'new b/c.ts'],
    );
    draft.write();
    assert.equal(content(), 'zero\none {\n  1\n}\ntwo {\n  2\n}\n');
    assert.equal(readFileSync(join(folder, 'b/c.ts'), 'utf8'), 'three\n');
  });

  it('refuses a place that a file has not, or has more than once', () => {
    for (const place of [
      endOf('three {', '\n}'),
      endOf('two {', 'end'),
      beforeText('}'),
      beforeFirst('import '),
    ]) {
      assert.throws(() => draft.insert('a.ts', 'the place', place, 'x'), /a.ts .* the place/);
    }
    assert.throws(() => draft.insert('none.ts', 'it', beforeText('x'), 'x'), Refusal);
    assert.deepEqual(draft.changes(), []);
  });

  it('refuses a new file where there is one', () => {
    assert.throws(() => draft.create('a.ts', ''), /a.ts exists already/);
    draft.create('b.ts', '');
    assert.throws(() => draft.create('b.ts', ''), /b.ts exists already/);
  });
});
