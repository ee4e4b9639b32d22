/** `make bench-restore`: a small system, its multiplied backup, and what becomes of that. */
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '../../cli/progress.ts';
import type { Say } from '../../stack/launch.ts';
import { SetupProblem } from '../../stack/problem.ts';
import { type Stack, startStack } from '../../stack/stack.ts';
import { until } from '../../stack/until.ts';
import { perSecond } from '../figures/times.ts';
import { askDurability } from '../orders/durability.ts';
import { machineTime, shareOfOthers } from '../orders/measure/machine.ts';
import { makeOwnFolder, removeOwnFolder } from '../orders/own-folder.ts';
import { caughtUp } from './catching-up.ts';
import { familyTime } from './family-time.ts';
import { type Multiplied, multiply } from './multiply.ts';
import type { RestoreBenchOptions } from './options.ts';
import { ordersctl, type Ran } from './ordersctl.ts';
import { type Found, type RestoreReport, type Step, shortcomings } from './report.ts';
import { allEnded, placeOrders } from './small-system.ts';

/** Where a run tells how far it is. */
export interface Telling {
  /** What begins now. */
  readonly say: (what: string) => void;
  readonly progress: Progress;
  /** What the stack tells of itself. */
  readonly stack: Say;
}

/** An audit of a system that is busy with something may find a row that is just being written. */
const AUDIT_AGAIN_MS = 60_000;

/** Everything that is started has been stopped, and its data removed, when this ends. */
export async function measureRestore(
  options: RestoreBenchOptions,
  telling: Telling,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const at = new Date().toISOString();
  const before = { machine: machineTime(), own: familyTime() };
  const home = await makeOwnFolder(options.dataFolder);
  const steps: Step[] = [];
  try {
    const file = join(home, 'large.backup');
    const small = join(home, 'small');
    await backUpSmall(options, small, join(home, 'small.backup'), { telling, steps, signal });
    await removeOwnFolder(small);
    telling.say('multiplying the backup');
    const made = await timed(steps, 'multiply the backup', () =>
      multiply({
        from: join(home, 'small.backup'),
        to: file,
        events: options.events,
        onProgress: (done, of) => telling.progress.report('events written', done, of),
        signal,
      }),
    );
    telling.progress.end();
    const large = join(home, 'large');
    const run = { options, home, file, made, telling, steps, signal };
    const measured = await measureLarge(run, large).finally(() => removeOwnFolder(large));
    const { found, ...figures } = measured;
    const after = { machine: machineTime(), own: familyTime() };
    return {
      at,
      cpus: availableParallelism(),
      placed: options.orders,
      copies: made.copies,
      events: made.events,
      lines: made.lines,
      bytes: made.bytes,
      steps,
      caughtUp: found.caughtUp,
      ...figures,
      others: shareOfOthers(before.machine, after.machine, after.own - before.own),
      shortcomings: shortcomings(found),
    };
  } finally {
    telling.progress.end();
    await removeOwnFolder(home);
  }
}

interface Run {
  readonly options: RestoreBenchOptions;
  readonly home: string;
  /** The backup of the large system. */
  readonly file: string;
  readonly made: Multiplied;
  readonly telling: Telling;
  readonly steps: Step[];
  readonly signal: AbortSignal;
}

async function backUpSmall(
  { orders, processes }: RestoreBenchOptions,
  dataDir: string,
  file: string,
  { telling, steps, signal }: Pick<Run, 'telling' | 'steps' | 'signal'>,
): Promise<void> {
  telling.say('starting a small system');
  // All are to be accepted, however busy the machine is.
  const common = { dataDir, processes, zipkin: false, say: telling.stack, signal };
  const environment = { ordersvc: { JOURNEY_GOAL_MS: '0' } };
  const stack = await startStack({ ...common, environment });
  try {
    telling.say(`placing ${orders} orders`);
    await timed(steps, 'place orders, until all have ended', async () => {
      const onPlaced = (n: number) => telling.progress.report('orders placed', n, orders);
      await placeOrders(stack.httpUrl ?? '', orders, onPlaced, signal);
      telling.progress.end();
      await allEnded(stack, signal);
    });
    telling.say('backing it up');
    must(await ordersctl(stack, ['backup', file], signal), 'the backup of the small system');
  } finally {
    await stack.stop();
  }
}

type Measured = Pick<RestoreReport, 'durability' | 'auditRight' | 'rebuildPerSecond'> & {
  readonly found: Found;
};

async function measureLarge(run: Run, dataDir: string): Promise<Measured> {
  const { options, home, file, made, telling, steps, signal } = run;
  const common = {
    dataDir,
    processes: options.processes,
    zipkin: false,
    say: telling.stack,
    signal,
  };
  /** Runs ordersctl as a step about all events. */
  const step = async (stack: Stack, name: string, args: readonly string[]) => {
    telling.say(name);
    const ran = await ordersctl(stack, args, signal);
    const { seconds, peakMb } = ran;
    steps.push({ name, seconds, peakMb, events: made.events, load: load() });
    return ran;
  };

  telling.say('starting an empty system');
  const empty = await startStack({ ...common, services: [] });
  try {
    must(await step(empty, 'check', ['restore', file, '--check']), 'the check of the backup');
    must(await step(empty, 'restore', ['restore', file]), 'the restore');
  } finally {
    await empty.stop();
  }

  telling.say('starting the services');
  const begunAt = performance.now();
  const sinceStart = () => (performance.now() - begunAt) / 1_000;
  const stack = await startStack(common);
  try {
    const { text: durability } = await askDurability(stack.addresses.EVENTSTORE_DATABASE_URL);
    const filled = await caughtUp(stack, begunAt, telling.progress, signal);
    telling.progress.end();
    let audited: Ran = await step(stack, 'audit', ['audit']);
    const right = async () => {
      if (audited.code !== 0) audited = await ordersctl(stack, ['audit'], signal);
      return audited.code === 0;
    };
    await until(right, { what: 'the audit', deadlineMs: AUDIT_AGAIN_MS, signal }).catch(() =>
      signal.throwIfAborted(),
    );
    const auditRight = audited.code === 0 ? sinceStart() : undefined;
    const rebuilt = await step(stack, 'rebuild the read model', ['read-model', 'rebuild']);
    const again = await step(stack, 'audit after the rebuild', ['audit']);
    const backedUp = await step(stack, 'back up', ['backup', join(home, 'copy.backup')]);
    const { seconds = 0, events = 0, comparison } = (rebuilt.found ?? {}) as Partial<Rebuilt>;
    const { missing = 0, unfounded = 0, different = 0 } = comparison ?? {};
    return {
      durability,
      auditRight,
      rebuildPerSecond: perSecond(events, seconds * 1_000),
      found: {
        caughtUp: filled,
        auditCodes: { atStart: audited.code, afterRebuild: again.code },
        rebuilt: { code: rebuilt.code, wrongRows: missing + unfounded + different },
        content: {
          restored: made.content,
          backedUp: (backedUp.found as { readonly content_sha256?: string } | undefined)
            ?.content_sha256,
        },
      },
    };
  } finally {
    await stack.stop();
  }
}

/** What `ordersctl read-model rebuild --json` prints. */
interface Rebuilt {
  readonly seconds: number;
  readonly events: number;
  readonly comparison?: {
    readonly missing: number;
    readonly unfounded: number;
    readonly different: number;
  };
}

async function timed<T>(steps: Step[], name: string, work: () => Promise<T>): Promise<T> {
  const begunAt = performance.now();
  const done = await work();
  steps.push({ name, seconds: (performance.now() - begunAt) / 1_000, load: load() });
  return done;
}

const load = (): number => loadavg()[0] ?? 0;

/** What follows has no sense without it. */
function must({ code }: Ran, what: string): void {
  if (code === 0) return;
  throw new SetupProblem(
    `${what} ended with exit code ${code}`,
    'its message stands above; free disk and memory, and run it again',
  );
}
