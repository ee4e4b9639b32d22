import assert from 'node:assert/strict';
import { createProgress } from './progress.ts';

function drawing(isTerminal: boolean) {
  let time = 0;
  const written: string[] = [];
  const progress = createProgress({
    isTerminal,
    write: (text) => void written.push(text),
    now: () => time,
  });
  const pass = (ms: number) => {
    time += ms;
  };
  return { progress, written, pass };
}

describe('progress', () => {
  it('is a bar that redraws itself on a terminal, and leaves nothing behind', () => {
    const { progress, written, pass } = drawing(true);
    progress.report('events', 0, 2_000);
    pass(1_000);
    progress.report('events', 500, 2_000);
    progress.end();
    progress.end();
    assert.deepEqual(written, [
      `\r\x1b[2K[${'-'.repeat(30)}] 0% events: 0 of 2,000`,
      `\r\x1b[2K[${'#'.repeat(8)}${'-'.repeat(22)}] 25% events: 500 of 2,000, 500 a second, 3 s left`,
      '\r\x1b[2K',
    ]);
  });

  it('is a plain line now and then elsewhere, and the last one whenever it comes', () => {
    const { progress, written, pass } = drawing(false);
    for (let done = 0; done <= 100; done++) {
      progress.report('events', done, 100);
      pass(50);
    }
    progress.end();
    assert.deepEqual(written, [
      'events: 0 of 100\n',
      'events: 40 of 100, 20 a second, 3 s left\n',
      'events: 80 of 100, 20 a second, 1 s left\n',
      'events: 100 of 100, 20 a second\n',
    ]);
  });

  it('does without a total', () => {
    const { progress, written } = drawing(false);
    progress.report('rows removed', 20_000);
    assert.deepEqual(written, ['rows removed: 20,000\n']);
  });
});
