import assert from 'node:assert/strict';
import { eventually } from '../shared/testing/eventually.ts';
import { type Repeats, type RepeatsOptions, withoutRepeats } from './repeats.ts';

describe('withoutRepeats', () => {
  let shown: string[];
  let repeats: Repeats;

  const begin = (options: RepeatsOptions = {}) => {
    shown = [];
    repeats = withoutRepeats((text) => shown.push(text), options);
  };
  afterEach(() => repeats.end());

  it('shows a line at once, and how often it was repeated at the end', () => {
    begin();
    for (const text of ['gone', 'gone', 'slow', 'gone', 'slow']) repeats.line(text);
    assert.deepEqual(shown, ['gone', 'slow']);
    repeats.end();
    const told = ['gone … said 2 more times', 'slow … said 1 more time'];
    assert.deepEqual(shown.slice(2), told);
    repeats.end();
    assert.equal(shown.length, 4);
  });

  it('tells the count at an interval, for as long as it goes on', async () => {
    // Longer than what lies between two looks, or one of them might find the line forgotten.
    begin({ everyMs: 100 });
    const told = () => shown.filter((text) => text.startsWith('gone … said ')).length;
    await eventually('the count was told three times', () => {
      repeats.line('gone');
      return told() >= 3;
    });
    assert.equal(shown.filter((text) => text === 'gone').length, 1);
  });

  it('shows a line again after a silence', async () => {
    begin({ everyMs: 10 });
    repeats.line('gone');
    await eventually('it is shown again', async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      repeats.line('gone');
      return shown.filter((text) => text === 'gone').length === 2;
    });
  });

  it('remembers a bounded number of lines, and loses no count', () => {
    begin({ most: 2 });
    for (const text of ['a', 'a', 'b', 'c', 'a']) repeats.line(text);
    assert.deepEqual(shown, ['a', 'b', 'a … said 1 more time', 'c', 'a']);
  });
});
