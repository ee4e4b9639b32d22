import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { shown, shownAll, shownJson } from './shown.ts';

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('a foreign text', () => {
  it('has what cannot be printed written out: controls, bidi overrides, what does not show', () => {
    for (const [text, line] of [
      ['\u001b[31mred\u0007', '\\u{1B}[31mred\\u{07}'],
      ['\u009b2J\u0085\u007f', '\\u{9B}2J\\u{85}\\u{7F}'],
      ['total\r0.00\n\tnext', 'total\\r0.00\\n\\tnext'],
      ['\u202edlrow\u202c \u2067x\u2069', '\\u{202E}dlrow\\u{202C} \\u{2067}x\\u{2069}'],
      ['a\u200bb\u00adc\ufeff\u3164\u034f', 'a\\u{200B}b\\u{AD}c\\u{FEFF}\\u{3164}\\u{34F}'],
      ['tag\u{e0041}', 'tag\\u{E0041}'],
      ['line\u2028paragraph\u2029', 'line\\u{2028}paragraph\\u{2029}'],
      ['half \ud83d of it', 'half \\u{D83D} of it'],
    ] as const) {
      assert.equal(shown(text), line);
    }
  });

  it('that can be printed stays as it is: letters of all scripts, and emoji with what joins them', () => {
    for (const text of [
      'Trattoria “Da Zoë”',
      'קפה',
      'مطعم',
      '寿司 ラーメン',
      '👨‍👩‍👧 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏽 🇮🇹',
      'C:\\u',
    ]) {
      assert.equal(shown(text), text);
    }
    // The same joiner between two letters only hides there.
    assert.equal(shown('a\u200db'), 'a\\u{200D}b');
  });

  it('is one line of printable characters whatever it was, and so it stays', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = shown(text);
        assert.doesNotMatch(line.replace(/\p{RGI_Emoji}/gv, ''), unprintable);
        assert.equal(shown(line), line);
      }),
    );
  });

  it('is made safe wherever it stands in an answer, as a name too; what is no text stays', () => {
    const at = new Date(0);
    assert.deepEqual(
      shownAll({ n: 1n, at, list: [{ '\u001b': '\u0007', none: null }], more: undefined }),
      { n: 1n, at, list: [{ '\\u{1B}': '\\u{07}', none: null }], more: undefined },
    );
  });
});

describe('foreign texts in JSON', () => {
  it('are the same texts when read, and harmless when printed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = shownJson(JSON.stringify({ [text]: [text] }));
        assert.doesNotMatch(json.replace(/\p{RGI_Emoji}/gv, ''), unprintable);
        assert.deepEqual(JSON.parse(json), { [text]: [text] });
      }),
    );
  });

  it('are escaped as JSON has it, unit by unit', () => {
    const text = '\u0085\u009b\u202e\u{e0041}\ud800\u00ad';
    const json = shownJson(JSON.stringify(text));
    assert.equal(json, '"\\u0085\\u009b\\u202e\\udb40\\udc41\\ud800\\u00ad"');
    assert.equal(JSON.parse(json), text);
  });

  it('keep the layout around them and the digits of numbers, but no carriage return', () => {
    assert.equal(shownJson('{\r\n\t"n": 1.50e400\n}'), '{ \n\t"n": 1.50e400\n}');
  });
});

describe('the commands', () => {
  it('print by way of print.ts alone, which makes texts safe', () => {
    const folder = new URL('../../cli/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'),
    );
    const printing = files.filter((name) =>
      /console\.(log|info|table|dir)|stdout\.write/.test(
        readFileSync(new URL(name, folder), 'utf8'),
      ),
    );
    assert.deepEqual(printing, ['print.ts']);
  });
});
