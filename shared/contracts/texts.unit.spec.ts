import assert from 'node:assert/strict';
import { keyText, printable, readable, recorded, type TextRule } from './texts.ts';

/** What the patterns leave to words: blanks beyond Latin-1, and what their format names. */
const leftToWords = (text: string) => !/\S/u.test(text) || /[\p{Cf}\p{Zl}\p{Zp}]/u.test(text);

describe('what texts may have', () => {
  const rules: Record<string, TextRule> = { printable, readable, recorded, keyText };
  for (const [name, { regex, pattern, maxLength }] of Object.entries(rules)) {
    it(`is taken by the pattern, with and without flags, and little else is: ${name}`, () => {
      const forms = [new RegExp(pattern), new RegExp(pattern, 'u'), new RegExp(pattern, 'v')];
      const spelled = (text: string) => {
        const [one, ...others] = forms.map((form) => form.test(text));
        for (const other of others) assert.equal(other, one, JSON.stringify(text));
        return one && [...text].length <= maxLength;
      };
      const differing: string[] = [];
      for (let point = 0; point <= 0x10ffff; point++) {
        if (point >= 0xd800 && point <= 0xdfff) continue;
        const character = String.fromCodePoint(point);
        for (const text of [character, `x${character}`]) {
          const [taken, form] = [regex.test(text), spelled(text)];
          if (taken ? !form : form && !leftToWords(text)) differing.push(point.toString(16));
        }
      }
      assert.deepEqual(differing, []);
      const longest = '\u{1f355}'.repeat(maxLength);
      for (const text of ['', ' \u00a0', ' a ', 'a\nb', longest, `${longest}x`]) {
        if (name === 'recorded' && text.trim() === '') continue;
        assert.equal(regex.test(text), spelled(text), JSON.stringify(text));
      }
    });
  }
});
