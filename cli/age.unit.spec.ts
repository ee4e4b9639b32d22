import assert from 'node:assert/strict';
import { secondsOf } from './age.ts';
import { UsageError } from './option.ts';

describe('an age', () => {
  it('is a whole number of seconds, minutes, hours or days', () => {
    for (const [text, seconds] of [
      ['0s', 0],
      ['90s', 90],
      ['15m', 900],
      ['2h', 7_200],
      ['3d', 259_200],
    ] as const) {
      assert.equal(secondsOf('--older-than', text), seconds, text);
    }
  });

  it('is nothing else, and says so by the name of its option', () => {
    for (const text of ['', '5', 'm', '-5m', '1.5h', '5 m', '5M', '1h30m', '123456789s']) {
      assert.throws(
        () => secondsOf('--older-than', text),
        (error) => error instanceof UsageError && error.message.startsWith('--older-than: '),
        text,
      );
    }
  });
});
