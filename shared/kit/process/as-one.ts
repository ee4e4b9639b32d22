import { inOneLine } from '../in-one-line.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Runnable } from './run-service.ts';

/** A service and its name. */
export interface Member extends Runnable {
  readonly name: string;
}

/**
 * The lifecycles of several services as one. All start at once, and each logs that it is
 * ready; if one does not start, `start` rejects and names it. They stop by group, the last
 * group first; within a group all at once.
 */
export function asOne(groups: readonly (readonly Member[])[]): Lifecycle {
  const members = groups.flat();
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  async function startAll(): Promise<void> {
    await Promise.all(
      members.map(async ({ name, lifecycle, logger }) => {
        try {
          await lifecycle.start();
          logger.info('ready');
        } catch (error) {
          // What went wrong stays the cause: it may be a setting that is not valid.
          const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
          throw new Error(`${name}: ${inOneLine(error)}`, { cause });
        }
      }),
    );
  }

  async function stopAll(): Promise<void> {
    const failed: string[] = [];
    for (const group of groups.toReversed()) {
      await Promise.all(
        group.map(({ name, lifecycle }) =>
          lifecycle.stop().catch((error: unknown) => failed.push(`${name} ${inOneLine(error)}`)),
        ),
      );
    }
    if (failed.length > 0) throw new Error(failed.join('; '));
  }

  const reasons = (of: (lifecycle: Lifecycle) => string[]) =>
    members.flatMap(({ name, lifecycle }) => of(lifecycle).map((reason) => `${name}: ${reason}`));
  return {
    start: () => {
      starting ??= startAll();
      return starting;
    },
    stop: () => {
      stopping ??= stopAll();
      return stopping;
    },
    notReady: () => reasons((lifecycle) => lifecycle.notReady()),
    degraded: () => reasons((lifecycle) => lifecycle.degraded()),
  };
}
