import { inOneLine } from '../../shared/kit/in-one-line.ts';

/** Makes one thing that the services need. */
export interface Step {
  /** For people, such as `the schema of ordersdb`. */
  readonly name: string;
  /**
   * Makes the thing, or finds it there. Must be safe to repeat and to run in
   * parallel with itself, and must end by itself.
   */
  run(): Promise<void>;
}

/** Makes what the services expect to exist: databases, schemas, the stream. */
export interface BootstrapService {
  /**
   * Resolves when everything is there. May be called repeatedly, and by several
   * processes at once. When a step fails the others still run; then it rejects
   * with BootstrapError.
   */
  prepare(): Promise<void>;
}

/** Some steps failed. The message has one line for each and is meant to be printed. */
export class BootstrapError extends AggregateError {
  override readonly name = 'BootstrapError';
}

/** Runs the steps in parallel; they do not depend on each other. */
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
