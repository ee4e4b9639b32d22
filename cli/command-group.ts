import type { Command } from 'commander';

/** Commands of one module, which is loaded when one of them is called. */
export interface Group {
  readonly names: readonly string[];
  /** Adds them to the program. */
  readonly load: () => Promise<(program: Command) => void>;
}
