/**
 * `npm run new`: writes an event, a worker or a service of the house's shape, with a
 * test that fails until its author has written the one thing that only the author
 * knows; see `--help`. All changes are made in memory first: where something does
 * not fit, nothing is written. Exit code 2 where that is so.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Command } from 'commander';
import { createDraft, type Draft } from './draft.ts';
import { newEvent } from './new-event.ts';
import { newService, newWorker } from './new-process.ts';
import { Refusal } from './refusal.ts';

interface Output {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const root = join(import.meta.dirname, '..');
const program = new Command('new')
  .description('Writes an event, a worker or a service of this project’s shape.')
  .showHelpAfterError()
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

command('event <name>', 'an event of an order, and its answer by a worker')
  .requiredOption('--worker <worker>', 'who answers it: its folder in services/')
  .requiredOption('--means <sentence>', 'what it says, as one sentence')
  .requiredOption('--by <whom>', 'who appends it, such as restaurant')
  .option('--text <field>', 'a field that is a text; may be repeated', collected, [])
  .action((name: string, { text, ...options }) =>
    make(options, (draft) => newEvent(draft, { name, texts: text, ...options })),
  );

command('worker <name>', 'a worker: kitchen is services/kitchenworker')
  .option('--answers <event>', 'its first event', 'created')
  .action((name: string, options) =>
    make(options, (draft) => newWorker(draft, { name, answers: options.answers })),
  );

command('service <name>', 'a service over HTTP: receipt is services/receiptsvc').action(
  (name: string, options) => make(options, (draft) => newService(draft, { name })),
);

program.parse();

function command(usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--dry-run', 'list the files, and write none')
    .option('--json', 'print JSON');
}

function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Makes a draft by `plan`, writes it unless told not to, and says what was done and what is left. */
function make({ dryRun = false, json = false }: Output, plan: (draft: Draft) => readonly string[]) {
  const draft = createDraft(root);
  let next: readonly string[];
  try {
    next = plan(draft);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message, remedy } = error;
    if (json) console.log(JSON.stringify({ refused: { message, remedy } }));
    else console.error(`${message} → ${remedy}`);
    process.exitCode = 2;
    return;
  }
  const files = draft.changes().map(({ path, change }) => ({ path, change }));
  if (!dryRun) {
    draft.write();
    format(files.map(({ path }) => path));
  }
  if (json) {
    console.log(JSON.stringify({ written: !dryRun, files, next }));
    return;
  }
  for (const { path, change } of files) console.log(`${change.padEnd(7)}  ${path}`);
  if (dryRun) console.log('\nnothing was written');
  else console.log(`\nnext:\n${next.map((step) => `  ${step}`).join('\n')}`);
}

/** Lines break and imports are sorted as everywhere, however long the names are. */
function format(paths: readonly string[]): void {
  const biome = join(root, 'node_modules/.bin/biome');
  const sources = paths.filter((path) => path.endsWith('.ts'));
  const { status, error, stderr } = spawnSync(
    biome,
    ['check', '--write', '--log-level=error', ...sources],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) console.error(`biome could not format the files: ${error ?? stderr}`);
}
