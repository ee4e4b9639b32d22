import type { Command } from 'commander';

/** What a command does, for a list of several: the beginning of its description. */
export const summaryOf = (command: Command): string =>
  command.summary() || beginning(command.description());

/** Up to the first colon, bracket or full stop. */
export function beginning(text: string): string {
  const [first = ''] = text.split(/[:;(]|[.](?=\s|$)/);
  return first.trim();
}
