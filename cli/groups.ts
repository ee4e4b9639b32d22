import type { Command } from 'commander';

/** Commands of one module, which is loaded when one of them is called. */
interface Group {
  readonly names: readonly string[];
  /** Adds them to the program. */
  readonly load: () => Promise<(program: Command) => void>;
}

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
    names: ['explain'],
    load: async () => (await import('./commands/explain-command.ts')).addExplainCommand,
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
    names: ['backup', 'restore'],
    load: async () => (await import('./commands/backup-commands.ts')).addBackupCommands,
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
