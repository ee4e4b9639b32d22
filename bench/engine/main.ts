/**
 * `make bench`: the event store beside its peers, each row with its peer in the
 * same run on the same PostgreSQL. It prints what it found and whether the
 * targets are met; a target that is missed is no failure, for a clock is no judge.
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import { exitCodes } from '../../cli/exit-code.ts';
import { UsageError } from '../../cli/option.ts';
import { terminalPaint } from '../../cli/paint.ts';
import { describeProblem, SetupProblem } from '../../stack/problem.ts';
import { interruption } from '../../stack/terminal.ts';
import { showProgress } from '../figures/progress.ts';
import { chart } from './chart.ts';
import { type EngineOptions, readOptions } from './options.ts';
import { machineText, renderPage, renderReport } from './render.ts';
import type { Report, Row } from './report.ts';
import type { Section } from './section.ts';
import { append } from './sections/append.ts';
import { follow } from './sections/follow.ts';
import { growth } from './sections/growth.ts';
import { reads } from './sections/reads.ts';
import { severalLogs } from './sections/several-logs.ts';
import { slowReader } from './sections/slow-reader.ts';
import { twoWriters } from './sections/two-writers.ts';
import { openServer } from './server.ts';
import { judge } from './targets.ts';

const sections: readonly Section[] = [
  append,
  reads,
  follow,
  slowReader,
  twoWriters,
  severalLogs,
  growth,
];
const DOCS = resolve(import.meta.dirname, '../../docs');

const interrupted = interruption(() => process.stderr.write('stopping\n'));

try {
  const options = readOptions(
    process.argv.slice(2),
    sections.map(({ title }) => title),
  );
  const report = await measured(options);
  if (options.docs) await writePages(report);
  console.log(options.json ? JSON.stringify(report, null, 2) : renderReport(report, terminalPaint));
} catch (error) {
  process.exitCode = exitCodeFor(error);
  if (!interrupted.aborted && !(error instanceof CommanderError)) console.error(lineFor(error));
}
process.exit();

async function measured({ quick, only, dataFolder, plan }: EngineOptions): Promise<Report> {
  const chosen = sections.filter(({ title }) => only.length === 0 || only.includes(title));
  const rounds = chosen.reduce((sum, section) => sum + section.rounds(plan), 0);
  // Standard output has only the figures.
  const progress = showProgress(rounds, process.stderr);
  progress.say('starting PostgreSQL');
  const server = await openServer(dataFolder, interrupted);
  try {
    const { text: durability } = await server.durability(server.addressOf('postgres'));
    const rows: Row[] = [];
    for (const section of chosen) {
      await server.checkpoint();
      rows.push(...(await section.run({ server, plan, signal: interrupted, ...progress })));
    }
    return {
      at: new Date().toISOString(),
      quick,
      machine: {
        cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
        cpus: availableParallelism(),
        node: process.version,
        durability,
      },
      rows,
      targets: judge(rows),
    };
  } finally {
    progress.end();
    await server.close();
  }
}

async function writePages(report: Report): Promise<void> {
  await writeFile(resolve(DOCS, 'performance.md'), renderPage(report));
  const subtitle = `${machineText(report.machine)}; ${report.at.slice(0, 10)}`;
  await writeFile(resolve(DOCS, 'performance.svg'), chart(report.rows, subtitle));
}

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
  const wrongly = error instanceof CommanderError || error instanceof UsageError;
  return wrongly ? exitCodes.usedWrongly : exitCodes.failed;
}

function lineFor(error: unknown): unknown {
  const forPeople = error instanceof SetupProblem || error instanceof UsageError;
  return forPeople ? describeProblem(error) : error;
}
