/**
 * `make bench-orders`: the product beside the bare path, on a stack of its own; or with
 * `--url` orders for a stack that runs, each followed to its end. Both compare the
 * product's books at the end. Exit code 1 where there is one of the shortcomings: see
 * shortcomings.ts. A figure that is low is no failure, for a clock is no judge.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import { exitCodes } from '../../cli/exit-code.ts';
import { UsageError } from '../../cli/option.ts';
import { terminalPaint } from '../../cli/paint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { keepLoopbackDirect } from '../../shared/kit/process/address/direct-loopback.ts';
import { describeProblem, SetupProblem } from '../../stack/problem.ts';
import { interruption, outliveOutput } from '../../stack/terminal.ts';
import { showProgress } from '../figures/progress.ts';
import { compareBooks } from './books.ts';
import { compare, turnsOf } from './compare/compare.ts';
import { chart } from './compare/report/chart.ts';
import { renderComparison, renderPage } from './compare/report/render.ts';
import { askDurability } from './durability.ts';
import { type OwnOptions, type RunningOptions, readOptions } from './options.ts';
import { renderReport, reportDocument } from './render.ts';
import { run } from './run.ts';
import { shortcomings } from './shortcomings.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');

outliveOutput();
keepLoopbackDirect();
const interrupted = interruption(() => process.stderr.write('stopping\n'));

try {
  const { own, running } = readOptions(process.argv.slice(2));
  const failed = own ? await benchOwn(own) : await benchRunning(running);
  if (failed) process.exitCode = exitCodes.failed;
} catch (error) {
  process.exitCode = exitCodeFor(error);
  if (!interrupted.aborted && !(error instanceof CommanderError)) console.error(lineFor(error));
}
process.exit();

/** Resolves with whether there are shortcomings, as the other one does. */
async function benchOwn(options: OwnOptions): Promise<boolean> {
  // Standard output has only the figures.
  const progress = showProgress(turnsOf(options.plan, options.withPeers), process.stderr);
  const report = await compare(options, progress, interrupted);
  if (options.docs) {
    await writeFile(resolve(DOCS, 'performance-orders.md'), renderPage(report));
    await writeFile(resolve(DOCS, 'performance-orders.svg'), chart(report));
  }
  console.log(
    options.json ? JSON.stringify(report, null, 2) : renderComparison(report, terminalPaint),
  );
  return report.shortcomings.length > 0;
}

async function benchRunning(options: RunningOptions): Promise<boolean> {
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
  return shortcomings(result, books).length > 0;
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
