import assert from 'node:assert/strict';
import { shownLine } from './service-lines.ts';

describe('shownLine', () => {
  it('shows warnings and worse, with the reason', () => {
    assert.equal(shownLine('{"level":30,"msg":"fine"}'), undefined);
    assert.equal(shownLine('{"level":40,"msg":"slow"}'), 'slow');
    assert.equal(shownLine('{"level":50,"msg":"failed","err":{"message":"gone"}}'), 'failed: gone');
  });

  it('says a reason once, however often the causes say it', () => {
    const shown = (msg: string, message: string) =>
      shownLine(JSON.stringify({ level: 'warn', msg, err: { message } }));
    assert.equal(shown('failed', 'gone: gone: gone'), 'failed: gone');
    assert.equal(
      shown('failed', 'log: gone: 14 UNAVAILABLE: log: gone'),
      'failed: log: gone: 14 UNAVAILABLE',
    );
    assert.equal(shown('gone', 'gone: gone'), 'gone');
  });

  it('knows levels by label as well', () => {
    assert.equal(shownLine('{"level":"info","msg":"fine"}'), undefined);
    assert.equal(shownLine('{"level":"warn","msg":"slow"}'), 'slow');
  });

  it('shows everything when asked to', () => {
    assert.equal(shownLine('{"level":30,"msg":"fine"}', true), 'fine');
  });

  it('shows what is no log entry, since that is a crash', () => {
    assert.equal(shownLine('TypeError: x is not a function'), 'TypeError: x is not a function');
    assert.equal(shownLine('{"level":'), '{"level":');
    assert.equal(shownLine(''), undefined);
  });
});
