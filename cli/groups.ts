import type { Command } from 'commander';
import type { Group } from './command-group.ts';

/** All commands, in the order of `--help`. */
export const groups: readonly Group[] = [
  {
    names: ['stream'],
    load: async () => (await import('./commands/stream-commands.ts')).addStreamCommands,
  },
  {
    names: ['log'],
    load: async () => (await import('./commands/log-commands.ts')).addLogCommands,
  },
  {
    names: ['place', 'get', 'list', 'cancel', 'approve', 'reject'],
    load: async () => (await import('./commands/order-commands.ts')).addOrderCommands,
  },
  {
    names: ['open'],
    load: async () => (await import('./commands/open-command.ts')).addOpenCommand,
  },
  {
    names: ['watch'],
    load: async () => (await import('./commands/watch-command.ts')).addWatchCommand,
  },
  {
    names: ['token'],
    load: async () => (await import('./commands/token-command.ts')).addTokenCommand,
  },
  {
    names: ['credentials'],
    load: async () => (await import('./commands/credentials-commands.ts')).addCredentialsCommands,
  },
  {
    names: ['explain'],
    load: async () => (await import('./commands/explain-command.ts')).addExplainCommand,
  },
  {
    names: ['consumers'],
    load: async () => (await import('./commands/consumers-command.ts')).addConsumersCommand,
  },
  {
    names: ['dlq'],
    load: async () => (await import('./commands/dlq-commands.ts')).addDeadLetterCommands,
  },
  {
    names: ['saga'],
    load: async () => (await import('./commands/saga-commands.ts')).addSagaCommands,
  },
  {
    names: ['read-model'],
    load: async () => (await import('./commands/read-model-commands.ts')).addReadModelCommands,
  },
  {
    names: ['audit'],
    load: async () => (await import('./commands/audit-command.ts')).addAuditCommand,
  },
  {
    names: ['erase', 'export', 'erasures'],
    load: async () => (await import('./commands/personal-commands.ts')).addPersonalCommands,
  },
  {
    names: ['backup', 'restore'],
    load: async () => (await import('./commands/backup-commands.ts')).addBackupCommands,
  },
  {
    names: ['completion'],
    load: async () => (await import('./commands/completion-command.ts')).completionOf(groups),
  },
];

/**
 * Adds the command `name` and those of its module; without such a command all, for the help
 * and for suggestions. Loading all takes a second, and most commands need a tenth of that.
 */
export async function addCommands(program: Command, name: string | undefined): Promise<void> {
  const known = groups.filter(({ names }) => name !== undefined && names.includes(name));
  for (const { load } of known.length > 0 ? known : groups) (await load())(program);
}
