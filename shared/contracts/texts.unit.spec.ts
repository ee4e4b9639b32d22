import assert from 'node:assert/strict';
import { keyText, printable, readable, recorded, type TextRule } from './texts.ts';

describe('what texts may have', () => {
  const rules: Record<string, TextRule> = { printable, readable, recorded, keyText };
  for (const [name, { regex, pattern, maxLength }] of Object.entries(rules)) {
    it(`is the same by property and spelled out: ${name}`, () => {
      const form = new RegExp(pattern, 'u');
      const spelled = (text: string) => form.test(text) && [...text].length <= maxLength;
      const differing: string[] = [];
      for (let point = 0; point <= 0x10ffff; point++) {
        if (point >= 0xd800 && point <= 0xdfff) continue;
        const character = String.fromCodePoint(point);
        for (const text of [character, `x${character}`]) {
          if (regex.test(text) !== spelled(text)) differing.push(point.toString(16));
        }
      }
      assert.deepEqual(differing, []);
      const longest = '\u{1f355}'.repeat(maxLength);
      for (const text of ['', ' \u00a0', ' a ', 'a\nb', longest, `${longest}x`]) {
        assert.equal(regex.test(text), spelled(text), JSON.stringify(text));
      }
    });
  }
});
