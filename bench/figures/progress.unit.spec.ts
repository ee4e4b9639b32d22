import assert from 'node:assert/strict';
import { bar, showProgress } from './progress.ts';

const stream = (isTTY: boolean) => {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return { written, stream: { isTTY, columns: 80, write } as unknown as NodeJS.WriteStream };
};

describe('the progress of the engine bench', () => {
  it('is a bar as long as the share that is measured', () => {
    assert.equal(bar(0, 10), `[${' '.repeat(30)}] 0%`);
    assert.equal(bar(5, 10), `[${'='.repeat(15)}${' '.repeat(15)}] 50%`);
    assert.equal(bar(12, 10), `[${'='.repeat(30)}] 100%`);
  });

  it('away from a terminal it is a plain line for each thing that begins', () => {
    const { written, stream: file } = stream(false);
    const progress = showProgress(2, file);
    progress.say('append');
    progress.onRound('A');
    progress.end();
    assert.deepEqual(written, ['append\n']);
  });

  it('on a terminal the bar is taken away at the end', () => {
    const { written, stream: terminal } = stream(true);
    const progress = showProgress(1, terminal);
    progress.onRound('A');
    assert.match(written.at(-1) ?? '', /100%/);
    progress.end();
    assert.equal(written.at(-1), '\r\x1b[K');
  });
});
