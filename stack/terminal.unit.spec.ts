import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describeProblem, SetupProblem } from './problem.ts';
import { shownLine } from './service-lines.ts';
import { terminalSay } from './terminal.ts';

/** Clears the screen, links elsewhere, turns the text around, and hides. */
const nasty =
  '\u001b[2J\u001b]8;;http://evil\u0007x\u001b]8;;\u001b\\\u009b31m\u202e\u2066\u200b\r';

describe('the terminal of make start', () => {
  it('is steered by no line of a service, and by nothing that is said of one', () => {
    let written = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written += chunk;
        done();
      },
    });
    const say = terminalSay(stream as unknown as NodeJS.WriteStream);
    const line = JSON.stringify({ level: 'warn', msg: nasty, err: { message: nasty } });
    for (const text of [shownLine(line) ?? '', shownLine(`at ${nasty}`) ?? '', nasty]) {
      for (const kind of ['ready', 'note', 'trouble', 'line'] as const) say(kind, 'one', text);
    }
    assert.match(written, /\[2J/);
    assert.doesNotMatch(written, /[^\P{C}\n]/u);
  });

  it('is steered by no problem either, which shows no credentials', () => {
    const problem = new SetupProblem(`answered 400: ${nasty}`, 'ask http://me:hush@host');
    for (const error of [problem, new Error(nasty)]) {
      assert.doesNotMatch(describeProblem(error), /[^\P{C}\n]|hush/u);
    }
  });
});
