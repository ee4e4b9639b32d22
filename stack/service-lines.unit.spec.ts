import assert from 'node:assert/strict';
import { shownLine } from './service-lines.ts';

describe('shownLine', () => {
  it('shows warnings and worse, with the reason', () => {
    assert.equal(shownLine('{"level":30,"msg":"fine"}'), undefined);
    assert.equal(shownLine('{"level":40,"msg":"slow"}'), 'slow');
    assert.equal(shownLine('{"level":50,"msg":"failed","err":{"message":"gone"}}'), 'failed: gone');
  });

  it('shows a message whole, whatever it repeats, and says no reason twice', () => {
    const shown = (msg: string, message: string) =>
      shownLine(JSON.stringify({ level: 'warn', msg, err: { message } }));
    const repeated = 'at 10:00: order a: item 1: order b: item 1: no price: no price';
    assert.equal(shown('refused', repeated), `refused: ${repeated}`);
    assert.equal(shownLine(JSON.stringify({ level: 'warn', msg: repeated })), repeated);
    assert.equal(shown('gone', 'gone: connection lost'), 'gone: connection lost');
    assert.equal(shown('failed: gone', 'gone'), 'failed: gone');
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
