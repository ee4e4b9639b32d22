/** Each command's help ends with a line that can be typed. A test runs every one. */
import type { Command } from 'commander';
import { EXIT_CODES_HELP } from './exit-code.ts';

/** The order of the examples, as README has it. */
export const EXAMPLE_ORDER = '01a2050f-5465-76e5-8b7f-5e5c0491f06b';

const examples = new WeakMap<Command, string>();

/** `command` with an example: what follows `ordersctl`, or a line for a shell that has it. */
export function withExample(command: Command, line: string): Command {
  examples.set(command, line.includes('ordersctl') ? line : `ordersctl ${line}`);
  return command;
}

/** The example of a command; that of the first one below it, for a group. */
export function exampleOf(command: Command): string | undefined {
  return examples.get(command) ?? command.commands.map(exampleOf).find((line) => line);
}

/** What every help ends with. */
export function endOfHelp(command: Command): string {
  const line = exampleOf(command);
  return `${EXIT_CODES_HELP}${line === undefined ? '' : `\n\nExample:\n  ${line}`}`;
}
