import { inOneLine } from '../../shared/kit/in-one-line.ts';

/** One thing that must be there before the services can work. */
export interface Step {
  /** For people: `the schema of ordersdb`. */
  readonly name: string;
  /**
   * Makes it, or finds that it is there. Must be harmless to repeat and to run
   * beside itself, and must end by itself.
   */
  run(): Promise<void>;
}

/** Makes all that the services find made: databases, schemas, the stream. */
export interface BootstrapService {
  /**
   * Resolves when everything is there. May be called any number of times, in
   * several processes at once. Rejects with BootstrapError when something could
   * not be made; what could be, is.
   */
  prepare(): Promise<void>;
}

/** Something could not be made. Its message has one line for each, and is meant to be printed. */
export class BootstrapError extends AggregateError {
  override readonly name = 'BootstrapError';
}

/** Runs the steps side by side; they do not depend on one another. */
export function createBootstrapService(steps: readonly Step[]): BootstrapService {
  return {
    async prepare() {
      const outcomes = await Promise.allSettled(steps.map((step) => step.run()));
      const failed = outcomes.flatMap((outcome, index) =>
        outcome.status === 'rejected'
          ? [{ name: steps[index]?.name ?? '', reason: outcome.reason as unknown }]
          : [],
      );
      if (failed.length === 0) return;
      throw new BootstrapError(
        failed.map(({ reason }) => reason),
        failed.map(({ name, reason }) => `${name}: ${inOneLine(reason)}`).join('\n'),
      );
    },
  };
}
