import type { Command } from 'commander';

/** Commands that live in one module, which is loaded when one of them is given. */
interface Group {
  readonly names: readonly string[];
  /** Adds them to the program. */
  readonly load: () => Promise<(program: Command) => void>;
}

/** All commands, in the order of `--help`. */
export const groups: readonly Group[] = [
  {
    names: ['stream'],
    load: async () => (await import('./stream.ts')).addStreamCommands,
  },
  {
    names: ['log'],
    load: async () => (await import('./log.ts')).addLogCommands,
  },
  {
    names: ['place', 'get', 'list', 'cancel', 'approve', 'reject'],
    load: async () => (await import('./order-commands.ts')).addOrderCommands,
  },
  {
    names: ['explain'],
    load: async () => (await import('./explain.ts')).addExplainCommand,
  },
  {
    names: ['dlq'],
    load: async () => (await import('./dlq.ts')).addDeadLetterCommands,
  },
  {
    names: ['saga'],
    load: async () => (await import('./saga.ts')).addSagaCommands,
  },
  {
    names: ['read-model'],
    load: async () => (await import('./read-model.ts')).addReadModelCommands,
  },
  {
    names: ['audit'],
    load: async () => (await import('./audit.ts')).addAuditCommand,
  },
  {
    names: ['backup', 'restore'],
    load: async () => (await import('./backup.ts')).addBackupCommands,
  },
];

/**
 * Adds the command `name` and those that live with it; all where no command has that
 * name, for the help and for what is suggested instead. Loading them all takes a second,
 * and most commands need a tenth of it.
 */
export async function addCommands(program: Command, name: string | undefined): Promise<void> {
  const known = groups.filter(({ names }) => name !== undefined && names.includes(name));
  for (const { load } of known.length > 0 ? known : groups) (await load())(program);
}
