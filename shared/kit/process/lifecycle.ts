import { inOneLine } from '../in-one-line.ts';
import { flushed, type Logger } from '../logger.ts';
import { ConfigError } from './config.ts';

/** A part of a process that is started, stopped, or both. */
export interface Component {
  /** Named in logs and in `/readyz`. */
  readonly name: string;
  /**
   * Resolves when the component can be used. Must settle by itself: with an error if it
   * cannot start.
   */
  start?(): Promise<void>;
  /** Finishes work in flight and releases what it holds. Called once, only after `start`. */
  stop?(): Promise<void>;
  /** Why the component is not ready, for people; undefined when it is. */
  notReady?(): string | undefined;
  /**
   * Why accepted work makes no progress although requests are served, for people;
   * undefined if it does. Returns the reason as long as it lasts. Called at each check,
   * so it must be cheap.
   */
  degraded?(): string | undefined;
}

export interface LifecycleOptions {
  /** In the order of starting, dependencies first: telemetry, database, broker, transports. */
  readonly components: readonly Component[];
  readonly logger: Logger;
  /** For stopping all of them, in milliseconds. */
  readonly stopTimeoutMs: number;
}

/** Starts and stops a process's components as one. */
export interface Lifecycle {
  /**
   * Starts the components one after another. Rejects if one does not start (naming it),
   * or if `stop` is called meanwhile; started components run until `stop`. Call it
   * once.
   */
  start(): Promise<void>;
  /**
   * Stops what was started, in reverse order, one after another. A component that fails
   * does not keep the others from stopping. When the time is up, the rest are told to
   * stop but not awaited. Rejects at the end if something failed or was not awaited. May
   * be called again, and during the start: it stops once.
   */
  stop(): Promise<void>;
  /** Why the process is not ready; empty when it is. Not ready while starting and from `stop` on. */
  notReady(): string[];
  /** Why accepted work makes no progress; empty when it does, while starting, and from `stop` on. */
  degraded(): string[];
}

export function createLifecycle({
  components,
  logger,
  stopTimeoutMs,
}: LifecycleOptions): Lifecycle {
  const started: Component[] = [];
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let ready = false;

  async function startAll(): Promise<void> {
    if (stopping !== undefined) throw new Error('stopped before it started');
    for (const component of components) {
      try {
        await component.start?.();
      } catch (error) {
        throw new Error(`${component.name} did not start`, { cause: error });
      }
      started.push(component);
      if (stopping !== undefined) throw new Error('stopped while starting');
    }
    ready = true;
  }

  async function stopAll(): Promise<void> {
    const failed: string[] = [];
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<'timed out'>((resolve) => {
      timer = setTimeout(resolve, stopTimeoutMs, 'timed out');
    });
    // Let a component that is starting finish, so that it can be stopped.
    await Promise.race([timeUp, starting?.catch(() => undefined)]);
    for (const component of started.toReversed()) {
      if (component.stop === undefined) continue;
      const outcome = await Promise.race([stopOne(component), timeUp]);
      if (outcome === 'timed out') {
        logger.error({ component: component.name, stopTimeoutMs }, 'did not stop in time');
      }
      if (outcome !== 'stopped') failed.push(component.name);
    }
    clearTimeout(timer);
    if (failed.length > 0) throw new Error(`did not stop cleanly: ${failed.join(', ')}`);
  }

  async function stopOne(component: Component): Promise<'stopped' | 'failed'> {
    try {
      await component.stop?.();
      return 'stopped';
    } catch (error) {
      logger.error({ component: component.name, err: error }, 'failed to stop');
      return 'failed';
    }
  }

  /** The components' own reasons. */
  function reasons(of: (component: Component) => string | undefined): string[] {
    return components.flatMap((component) => {
      const reason = of(component);
      return reason === undefined ? [] : [`${component.name}: ${reason}`];
    });
  }

  return {
    start() {
      starting ??= startAll();
      return starting;
    },
    stop() {
      ready = false;
      stopping ??= stopAll();
      return stopping;
    },
    notReady() {
      if (stopping !== undefined) return ['stopping'];
      if (!ready) return [`starting ${components[started.length]?.name ?? ''}`.trim()];
      return reasons((component) => component.notReady?.());
    },
    degraded: () => (ready ? reasons((component) => component.degraded?.()) : []),
  };
}

/**
 * A signal this soon after the first only repeats it: a terminal's Ctrl-C reaches every
 * process of the group, and a supervisor passes it on as well.
 */
const sameWishMs = 250;

/**
 * Runs `lifecycle` as this process; resolves once everything is started, and ends the
 * process itself. Call it once, from main.
 *
 * SIGTERM or SIGINT stops it: exit code 0, or 1 if something did not stop in time. A
 * second signal exits at once with 1, whatever is in flight. After a failed start it logs
 * one line (an invalid configuration is printed for people), stops what was started, and
 * exits with 1. An unhandled error is logged and ends the process at once with 1, because
 * its state is unknown.
 */
export async function runProcess(lifecycle: Lifecycle, logger: Logger): Promise<void> {
  let signalled: number | undefined;

  const exit = async (code: number) => {
    await flushed(logger);
    process.exit(code);
  };
  const stopAndExit = async (code: number) => {
    const stopped = await lifecycle.stop().then(
      () => true,
      (error: unknown) => {
        logger.error(inOneLine(error));
        return false;
      },
    );
    await exit(stopped ? code : 1);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (signalled === undefined) {
      signalled = now;
      logger.info({ signal }, 'stopping');
      void stopAndExit(0);
    } else if (now - signalled > sameWishMs) {
      logger.warn({ signal }, 'second signal: stopping at once');
      void exit(1);
    }
  };
  const onUnhandled = (error: unknown) => {
    logger.fatal({ err: error }, 'unhandled error');
    void exit(1);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', onUnhandled);
  process.on('unhandledRejection', onUnhandled);

  try {
    await lifecycle.start();
    logger.info('ready');
  } catch (error) {
    // A signal during the start is no failure, and the exit is on its way.
    if (signalled !== undefined) return;
    const wrong = error instanceof Error ? error.cause : undefined;
    // As for a configuration that is invalid before anything starts.
    if (wrong instanceof ConfigError) process.stderr.write(`${wrong.message}\n`);
    else logger.fatal(inOneLine(error));
    await stopAndExit(1);
  }
}
