import assert from 'node:assert/strict';
import { mutantsOf, mutated } from './mutate.ts';

/** What becomes of a source, one text for each mutant. */
const changes = (source: string) => mutantsOf(source).map((mutant) => mutated(source, mutant));

describe('mutants of a source', () => {
  it('turn operators, conditions and literals round', () => {
    assert.deepEqual(changes('a < b;'), [';', 'a <= b;', 'a >= b;'].sort());
    assert.deepEqual(changes('const x = !a && (b) === c;'), [
      'const x = a && (b) === c;',
      'const x = !a || (b) === c;',
      'const x = !a && (b) !== c;',
    ]);
    assert.deepEqual(changes('const x = a ? 1 : 2n;'), [
      'const x = false ? 1 : 2n;',
      'const x = true ? 1 : 2n;',
      'const x = a ? 2 : 2n;',
      'const x = a ? 1 : 3n;',
    ]);
    assert.deepEqual(changes("const x = ['id', true];"), [
      'const x = [];',
      "const x = ['', true];",
      "const x = ['id', false];",
    ]);
  });

  it('leave out statements, properties, and calls that only change a value', () => {
    assert.deepEqual(changes('throw e;'), [';']);
    assert.deepEqual(changes('const x = { a, ...b, c: d };'), [
      'const x = {  ...b, c: d };',
      'const x = { a,  c: d };',
      'const x = { a, ...b,  };',
    ]);
    assert.deepEqual(changes('const x = { a: undefined };'), []);
    assert.deepEqual(changes('const x = a.filter(f).some(g);'), [
      'const x = a.some(g);',
      'const x = a.filter(f).every(g);',
    ]);
    assert.deepEqual(changes('const x = a.b?.c;'), ['const x = a.b.c;']);
  });

  it('stand where they should in a text with letters of several bytes', () => {
    assert.deepEqual(changes("const é = 'ü' + x; // größer"), [
      "const é = '' + x; // größer",
      "const é = 'ü' - x; // größer",
    ]);
  });

  it('leave types, imports and texts for people alone', () => {
    const source = `import { a } from './a.ts';
export type T = 'x' | 1;
const text: 'y' = 'more than one word' as 'y';
export { text, a };
`;
    assert.deepEqual(changes(source), []);
  });
});
