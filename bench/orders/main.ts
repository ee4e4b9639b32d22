/**
 * `make bench-orders`: posts orders to the running stack, follows each to its end,
 * says how fast that was, and compares the four books at the end. Exit code 1 where
 * there is one of the shortcomings: see shortcomings.ts.
 */
import { CommanderError } from 'commander';
import { exitCodes } from '../../cli/exit-code.ts';
import { UsageError } from '../../cli/option.ts';
import { terminalPaint } from '../../cli/paint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { keepLoopbackDirect } from '../../shared/kit/process/direct-loopback.ts';
import { describeProblem, SetupProblem } from '../../stack/problem.ts';
import { interruption } from '../../stack/terminal.ts';
import { compareBooks } from './books.ts';
import { askDurability } from './durability.ts';
import { readOptions } from './options.ts';
import { renderReport, reportDocument } from './render.ts';
import { run } from './run.ts';
import { shortcomings } from './shortcomings.ts';

keepLoopbackDirect();
const interrupted = interruption(() => process.stderr.write('stopping\n'));

try {
  await bench();
} catch (error) {
  process.exitCode = exitCodeFor(error);
  if (!interrupted.aborted && !(error instanceof CommanderError)) console.error(lineFor(error));
}
process.exit();

async function bench(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  // Standard output is for the figures alone when a program reads it.
  const progress = options.json ? process.stderr : process.stdout;
  const result = await run(options, progress, interrupted);
  const { books: addresses } = options;
  const durability = await askDurability(addresses.eventStoreDatabaseUrl);
  const books = await compareBooks(addresses, interrupted);
  const report = { options, result, durability, books };
  console.log(
    options.json ? JSON.stringify(reportDocument(report)) : renderReport(report, terminalPaint),
  );
  if (shortcomings(result, books).length > 0) process.exitCode = exitCodes.failed;
}

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
  const wrongly = error instanceof CommanderError || error instanceof UsageError;
  return wrongly ? exitCodes.usedWrongly : exitCodes.failed;
}

function lineFor(error: unknown): unknown {
  const forPeople =
    error instanceof SetupProblem || error instanceof UsageError || error instanceof CodedError;
  return forPeople ? describeProblem(error) : error;
}
