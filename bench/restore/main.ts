/**
 * `make bench-restore`: how long a large backup takes to be a running system whose audit is
 * right. Exit code 1 where there is one of the shortcomings: see report.ts. A figure that is low
 * is no failure, for a clock is no judge.
 */
import { CommanderError } from 'commander';
import { exitCodes } from '../../cli/exit-code.ts';
import { UsageError } from '../../cli/option.ts';
import { terminalPaint } from '../../cli/paint.ts';
import { terminalProgress } from '../../cli/progress.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { keepLoopbackDirect } from '../../shared/kit/process/address/direct-loopback.ts';
import type { Say } from '../../stack/launch.ts';
import { describeProblem, SetupProblem } from '../../stack/problem.ts';
import { interruption, outliveOutput, terminalSay } from '../../stack/terminal.ts';
import { readOptions } from './options.ts';
import { renderRestore, restoreDocument } from './render.ts';
import { measureRestore } from './run.ts';

outliveOutput();
keepLoopbackDirect();
const interrupted = interruption(() => process.stderr.write('stopping\n'));

try {
  const options = readOptions(process.argv.slice(2));
  // Standard output has only the figures.
  const say = (what: string) => void process.stderr.write(`${what}\n`);
  const progress = terminalProgress();
  const toError = terminalSay(process.stderr);
  // Not what is usual, such as that each of them is ready.
  const stack: Say = (kind, name, text) => {
    if (kind === 'ready' || kind === 'note') return;
    progress.end();
    toError(kind, name, text);
  };
  const report = await measureRestore(options, { say, progress, stack }, interrupted);
  console.log(
    options.json
      ? JSON.stringify(restoreDocument(report), null, 2)
      : renderRestore(report, terminalPaint),
  );
  if (report.shortcomings.length > 0) process.exitCode = exitCodes.failed;
} catch (error) {
  process.exitCode = exitCodeFor(error);
  if (!interrupted.aborted && !(error instanceof CommanderError)) console.error(lineFor(error));
}
process.exit();

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
  const wrongly = error instanceof CommanderError || error instanceof UsageError;
  return wrongly ? exitCodes.usedWrongly : exitCodes.failed;
}

function lineFor(error: unknown): unknown {
  const forPeople = [SetupProblem, UsageError, CodedError].some((kind) => error instanceof kind);
  return forPeople ? describeProblem(error) : error;
}
