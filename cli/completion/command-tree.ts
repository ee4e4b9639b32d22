/** What can be typed after `ordersctl`, for the completion of a shell. */
import type { Command } from 'commander';
import { beginning, summaryOf } from '../summary.ts';

/** One command, or a group of them. */
export interface CommandNode {
  /** Its words after `ordersctl`, with blanks between; empty for the program itself. */
  readonly path: string;
  /** The commands below it. */
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly OptionNode[];
}

export interface OptionNode {
  /** `--json`, and the short form if there is one. */
  readonly flags: readonly string[];
  readonly about: string;
  /** Whether a value follows. */
  readonly takesValue: boolean;
  /** The possible values; empty: any. */
  readonly choices: readonly string[];
}

/** The program and all below it, a command before its own commands. */
export function commandTree(command: Command, path = ''): readonly CommandNode[] {
  const below = command.commands.map((one) => ({
    name: one.name(),
    about: summaryOf(one),
  }));
  const options = command.createHelp().visibleOptions(command);
  const node: CommandNode = {
    path,
    commands: below,
    options: options.map((option) => ({
      flags: [option.long, option.short].filter((flag) => flag !== undefined && flag !== null),
      about: beginning(option.description),
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
  };
  return [
    node,
    ...command.commands.flatMap((one) => commandTree(one, `${path} ${one.name()}`.trim())),
  ];
}
