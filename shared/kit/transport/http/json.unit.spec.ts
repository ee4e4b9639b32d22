import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CodedError } from '../../errors.ts';
import { NumberAsWritten, parseJson } from './json.ts';

/** `value` with each NumberAsWritten as the number that JavaScript reads. */
function numbersRead(value: unknown): unknown {
  if (value instanceof NumberAsWritten) return Number(value.text);
  if (Array.isArray(value)) return value.map(numbersRead);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, numbersRead(one)]));
}

describe('parseJson', () => {
  it('keeps every number as it was written, at any depth', () => {
    const parsed = parseJson('{"a":12.10,"b":[9007199254740993,{"c":1e400}],"d":-0}');
    assert.deepEqual(parsed, {
      a: new NumberAsWritten('12.10'),
      b: [new NumberAsWritten('9007199254740993'), { c: new NumberAsWritten('1e400') }],
      d: new NumberAsWritten('-0'),
    });
  });

  it('leaves everything else alone', () => {
    assert.deepEqual(parseJson('["1",true,null,{"k":"é"}]'), ['1', true, null, { k: 'é' }]);
  });

  it('does not let a body reach the prototype of objects', () => {
    const parsed = parseJson('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
    assert.equal(parsed.admin, undefined);
  });

  it('says where it is wrong, and nothing of what stands there', () => {
    for (const [text, message] of [
      ['{\n  "secret": 1,\n}', 'The body is not valid JSON: look at line 3, column 1.'],
      ['{"secret":"x" "y"}', 'The body is not valid JSON: look at line 1, column 15.'],
      ['{"secret":"x"', 'The body is not valid JSON: look at line 1, column 14.'],
      ['{"secret":', 'The body is not valid JSON: it ends too early.'],
      // V8 gives no place here, only a piece of the text.
      ['{"secret": no}', 'The body is not valid JSON.'],
    ] as const) {
      assert.throws(
        () => parseJson(text),
        (error) => error instanceof CodedError && error.message === message,
        text,
      );
    }
  });

  it('refuses an object that has one name twice, however it is written and wherever it lies', () => {
    for (const [text, line, column] of [
      ['{"a":1,"a":2}', 1, 8],
      ['{"a":1,"\\u0061":1}', 1, 8],
      ['[{"b":{"a":1,\n "c":[{}], "a":1}}]', 2, 12],
      ['{"":1,"":1}', 1, 7],
      ['{"__proto__":1,"__proto__":1}', 1, 16],
      ['{"\\"":"}","\\"":1}', 1, 11],
    ] as const) {
      const message = `An object of the body has the same name twice: look at line ${line}, column ${column}.`;
      assert.throws(
        () => parseJson(text),
        (error) =>
          error instanceof CodedError &&
          error.code === 'malformed_json' &&
          error.message === message,
        text,
      );
    }
  });

  it('takes the same name in different objects, and a text like a name', () => {
    for (const text of [
      '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
      '{"a":"b","b":"a","c":["a","a",":","{","\\\\"]}',
      '{"a":"\\"a\\":1,\\"a\\":2"}',
      '["a","a"]',
      '"a"',
    ]) {
      assert.deepEqual(JSON.stringify(parseJson(text)).length > 0, true, text);
    }
  });

  it('finds what JSON.parse would have lost, in any JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), fc.json(), (json, name, value) => {
        parseJson(json);
        const twice = `[{${JSON.stringify(name)}:${json},${JSON.stringify(name)}:${value}}]`;
        assert.throws(() => parseJson(twice));
      }),
    );
  });

  it('accepts what JSON.parse accepts, and reads the same, however it is written', () => {
    const text = fc
      .tuple(
        fc.json({ stringUnit: 'grapheme' }),
        fc.constantFrom('', ' ', '\n\t', '\u00a0'),
        fc.nat(),
        fc.constantFrom('', '"', ',', '}', ']', '0', '-', '\\', '\u0001', ':1', 'e5', '.'),
        fc.nat(2),
      )
      .map(([json, blank, where, piece, cut]) => {
        const spaced = json.replaceAll(/[{}[\]:,]/g, (sign) => blank + sign + blank);
        const at = where % (spaced.length + 1);
        return spaced.slice(0, at) + piece + spaced.slice(at + cut);
      });
    fc.assert(
      fc.property(text, (written) => {
        let meant: unknown;
        try {
          meant = JSON.parse(written);
        } catch {
          return assert.throws(() => parseJson(written));
        }
        let read: unknown;
        try {
          read = parseJson(written);
        } catch (error) {
          return assert.match(String(error), /the same name twice/);
        }
        assert.deepEqual(numbersRead(read), meant);
      }),
      { numRuns: 2_000 },
    );
  });

  const bad: Record<string, string> = {
    'an empty text': '',
    'a cut-off object': '{"a":1',
    'a comment': '{"a":1} // one',
    'a bare word': 'NaN',
    'a hundred thousand brackets': '['.repeat(100_000) + ']'.repeat(100_000),
  };
  for (const [name, text] of Object.entries(bad)) {
    it(`${name} is malformed, and nothing worse`, () => {
      assert.throws(
        () => parseJson(text),
        (error) => error instanceof CodedError && error.code === 'malformed_json',
      );
    });
  }
});
