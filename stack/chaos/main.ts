/**
 * `make chaos`: starts a stack, places orders of all kinds, and harms every process and
 * connection meanwhile; see `--help`. Exit code 1 if anything was lost, duplicated, stuck or
 * cancelled without cause, if books differ, or if a process needed a restart by hand; the
 * stack's folder is then kept, with the services' output.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { exitCodes } from '../../cli/exit-code.ts';
import { UsageError } from '../../cli/option.ts';
import { terminalPaint } from '../../cli/paint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { describeProblem, SetupProblem } from '../problem.ts';
import { interruption, outliveOutput } from '../terminal.ts';
import { readOptions } from './options.ts';
import { showProgress } from './progress.ts';
import { renderReport, reportDocument } from './render.ts';
import { passed, run } from './run.ts';

outliveOutput();
const interrupted = interruption(() => process.stderr.write('stopping; Ctrl-C again to kill\n'));

try {
  await chaos();
} catch (error) {
  process.exitCode = exitCodeFor(error);
  if (!interrupted.aborted && !(error instanceof CommanderError)) console.error(lineFor(error));
}
process.exit();

async function chaos(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  // Standard output is for the report alone when a program reads it.
  const progress = showProgress(options, options.json ? process.stderr : process.stdout);
  const folder = await mkdtemp(join(tmpdir(), 'orders-chaos-'));
  // PostgreSQL's user must be able to enter it when this runs as root.
  await chmod(folder, 0o755);
  let keep = true;
  try {
    const report = await run(options, folder, progress, interrupted);
    keep = !passed(report);
    progress.end();
    console.log(
      options.json ? JSON.stringify(reportDocument(report)) : renderReport(report, terminalPaint),
    );
    if (keep) process.exitCode = exitCodes.failed;
  } finally {
    progress.end();
    const logs = join(folder, 'logs');
    // Without them nothing had begun.
    keep &&= !interrupted.aborted && existsSync(logs);
    if (keep) console.error(`what the services wrote: ${logs}`);
    else await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
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
