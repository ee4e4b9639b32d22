import assert from 'node:assert/strict';
import { inOneLine } from './in-one-line.ts';

describe('inOneLine', () => {
  it('tells what went wrong and why, also where the cause is many or no error', () => {
    const refused = new AggregateError([new Error('refused\n  by ::1'), new Error('by 127.0.0.1')]);
    assert.equal(
      inOneLine(new Error('not started', { cause: refused })),
      'not started: refused by ::1',
    );
    assert.equal(inOneLine(new Error('lost', { cause: 'why' })), 'lost: why');
    assert.equal(inOneLine(new TypeError()), 'TypeError');
  });

  it('says each message whole, and once where a cause says it again', () => {
    const chain = (...messages: string[]) =>
      inOneLine(
        messages.reduceRight<unknown>((cause, message) => new Error(message, { cause }), undefined),
      );
    assert.equal(chain('gone', 'gone', 'gone'), 'gone');
    assert.equal(chain('log: gone', '14 UNAVAILABLE: log: gone'), '14 UNAVAILABLE: log: gone');
    assert.equal(chain('not read: gone', 'gone'), 'not read: gone');
    const repeated = 'parcel a: no price: parcel b: no price';
    assert.equal(chain('refused', repeated), `refused: ${repeated}`);
  });

  it('ends where causes go round', () => {
    const error = new Error('round');
    error.cause = error;
    assert.equal(inOneLine(error), 'round');
    const other = new Error('there', { cause: new Error('and back') });
    (other.cause as Error).cause = other;
    assert.equal(inOneLine(other).split(': ').length, 8);
  });
});
