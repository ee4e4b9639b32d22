/** `ordersctl completion`: what makes a shell complete commands and options. */
import { Argument, type Command } from 'commander';
import type { Group } from '../command-group.ts';
import { commandTree } from '../completion/command-tree.ts';
import { completionScript, type Shell, shells } from '../completion/scripts.ts';
import { withExample } from '../example.ts';
import { printText } from '../print.ts';

/** The command; `groups` are all there are. */
export const completionOf = (groups: readonly Group[]) => (program: Command) => {
  withExample(program.command('completion'), 'source <(ordersctl completion bash)')
    .summary('completion for a shell')
    .description(
      'print a script that completes commands and options in your shell. bash and zsh: source <(ordersctl ' +
        'completion bash) in .bashrc or .zshrc; fish: ordersctl completion fish | source',
    )
    .addArgument(new Argument('<shell>', 'which one').choices([...shells]))
    .action(async (shell: Shell) => {
      const whole = program.createCommand(program.name()).copyInheritedSettings(program);
      for (const { load } of groups) (await load())(whole);
      printText(completionScript(shell, commandTree(whole)));
    });
};
