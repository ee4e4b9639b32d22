/**
 * The blocks of commands that a reader may copy. To run them all,
 * `node docs/commands.ts <empty folder>` writes each into its own file.
 */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { codeBlocks, type Page, pages, section } from './markdown.ts';

/** Commands of a page, and what becomes of them. */
export interface CommandBlock {
  readonly page: string;
  readonly text: string;
  /** The paragraph right above it; empty where there is none. */
  readonly above: string;
  /** Why nobody runs it but its reader, in the words that stand above it; undefined where it is run. */
  readonly notRun: string | undefined;
}

/** So ends a paragraph that says why the block below it is not run: the reason stands before. */
const NOT_RUN = /, so CI does not run (?:this|these):$/;

/** `.ci/run` and `.ci/readme-commands` run these by themselves, for one of them never ends. */
const RUN_ELSEWHERE = ['make start', 'make test'];

/** frame/frame.int.spec.ts runs these, beside the package. */
const RUN_BESIDE_THE_PACKAGE = 'frame/README.md';

/** The sections of CONTRIBUTING that a test of their own executes, each on what the one before left. */
export const walkthroughs = ['Add an event', 'Add a worker', 'Add a service'] as const;

/** Commands of an example are for its own stack: `.ci/readme-commands` runs them on that. */
const ofTheOrders = ({ path }: Page) => !path.startsWith('examples/');

/** Every block of commands for the orders, in the order of the pages. */
export function commandBlocks(): readonly CommandBlock[] {
  return pages()
    .filter(ofTheOrders)
    .flatMap((page) =>
      codeBlocks(withoutWalkthrough(page))
        .filter(({ language }) => language === 'sh')
        .map(({ text, above }) => ({
          page: page.path,
          text,
          above,
          notRun: NOT_RUN.test(above) ? above : undefined,
        })),
    );
}

/** The text of `page` as far as its commands are for the running stack. */
export function withoutWalkthrough({ path, text }: Page): string {
  if (path !== 'CONTRIBUTING.md') return text;
  return walkthroughs.reduce((rest, title) => rest.replace(section(text, title), ''), text);
}

/** What a line asks for, without the comment behind it. */
const command = (line: string): string => line.replace(/\s+#.*$/, '').trim();

/** The blocks to be run while a stack runs. */
export function runnable(): readonly CommandBlock[] {
  return commandBlocks().filter(
    ({ page, text, notRun }) =>
      notRun === undefined &&
      page !== RUN_BESIDE_THE_PACKAGE &&
      !text
        .trim()
        .split('\n')
        .every((line) => RUN_ELSEWHERE.includes(command(line))),
  );
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('usage: node docs/commands.ts <empty folder>');
  for (const [index, { page, text }] of runnable().entries()) {
    const number = String(index + 1).padStart(2, '0');
    writeFileSync(join(folder, `${number}-${basename(page, '.md')}.sh`), text, { flag: 'wx' });
  }
}
