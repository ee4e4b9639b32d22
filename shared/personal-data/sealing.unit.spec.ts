import assert from 'node:assert/strict';
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Place } from './personal-data.ts';
import {
  isPseudonym,
  KEY_BYTES,
  newPseudonym,
  openText,
  pseudonymIn,
  sealText,
} from './sealing.ts';

const aKey = (): KeyObject => createSecretKey(randomBytes(KEY_BYTES));
const text = fc.string({ unit: 'binary', maxLength: 300 });
const place = fc.record<Place>({ aggregateId: text, field: text });
const key = aKey();
const who = newPseudonym();

describe('a sealed text', () => {
  it('opens to the same text', () => {
    fc.assert(
      fc.property(text, place, (said, at) => {
        assert.equal(openText(key, who, at, sealText(key, who, at, said)), said);
      }),
    );
  });

  it('opens in no other place, however its names are split', () => {
    fc.assert(
      fc.property(text, place, place, (said, at, other) => {
        fc.pre(at.aggregateId !== other.aggregateId || at.field !== other.field);
        assert.equal(openText(key, who, other, sealText(key, who, at, said)), undefined);
      }),
    );
    const sealed = sealText(key, who, { aggregateId: 'ab', field: 'c' }, 'x');
    assert.equal(openText(key, who, { aggregateId: 'a', field: 'bc' }, sealed), undefined);
  });

  it('opens with no other key and for no other person', () => {
    fc.assert(
      fc.property(text, place, (said, at) => {
        const sealed = sealText(key, who, at, said);
        assert.equal(openText(aKey(), who, at, sealed), undefined);
        const other = newPseudonym();
        assert.equal(openText(key, other, at, sealed), undefined);
        const renamed = sealed.replace(
          who.slice('pseudonym:'.length),
          other.slice('pseudonym:'.length),
        );
        assert.equal(openText(key, other, at, renamed), undefined);
      }),
    );
  });

  it('does not open once any of its bytes differs', () => {
    fc.assert(
      fc.property(text, place, fc.nat(), fc.integer({ min: 1, max: 255 }), (said, at, n, flip) => {
        const sealed = sealText(key, who, at, said);
        const from = sealed.lastIndexOf(':') + 1;
        const bytes = Buffer.from(sealed.slice(from), 'base64url');
        const index = n % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ flip;
        const damaged = sealed.slice(0, from) + bytes.toString('base64url');
        assert.equal(openText(key, who, at, damaged), undefined);
      }),
    );
  });

  it('is another one each time', () => {
    const at = { aggregateId: 'a', field: 'f' };
    const many = Array.from(
      { length: 1_000 },
      () => sealText(key, who, at, 'x').split(':')[2] ?? '',
    );
    const nonces = many.map((sealed) => Buffer.from(sealed, 'base64url').toString('hex', 1, 13));
    assert.equal(new Set(nonces).size, many.length, 'no nonce is used twice');
  });

  it('says whose it is, which no other text does', () => {
    const at = { aggregateId: 'a', field: 'f' };
    assert.equal(pseudonymIn(sealText(key, who, at, '')), who);
    fc.assert(
      fc.property(text, (said) => {
        assert.equal(pseudonymIn(said), undefined);
        assert.equal(openText(key, who, at, said), undefined);
      }),
    );
    for (const said of ['sealed:', `sealed:${'a'.repeat(22)}:`, `xsealed:${'a'.repeat(22)}:aa`]) {
      assert.equal(openText(key, who, at, said), undefined, said);
    }
  });

  it('names its version in the first byte', () => {
    const sealed = sealText(key, who, { aggregateId: 'a', field: 'f' }, 'x');
    assert.equal(Buffer.from(sealed.split(':')[2] ?? '', 'base64url')[0], 1);
  });
});

describe('a pseudonym', () => {
  it('is never the same, and seen as one', () => {
    const many = Array.from({ length: 1_000 }, newPseudonym);
    assert.equal(new Set(many).size, many.length);
    assert.ok(many.every(isPseudonym));
    for (const name of ['ada', 'pseudonym:ada', `${who} `]) assert.ok(!isPseudonym(name), name);
  });
});
