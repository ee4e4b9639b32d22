import { deadlines } from '../../cli/settings.ts';
import { SetupProblem } from '../../stack/problem.ts';
import { perSecond, type Times, timesOf } from '../figures/times.ts';
import { drive, endedIn } from './drive.ts';
import { followEndings, ordersEndings } from './follow.ts';
import type { Ending } from './journeys.ts';
import type { RunningOptions } from './options.ts';
import { showProgress } from './progress.ts';

/** The result of one run. Times are in milliseconds and count from sending. */
export interface RunResult {
  readonly accepted: number;
  /** From the first order sent to the last answer. */
  readonly acceptedPerSecond: number;
  readonly accept: Times | undefined;
  /** How many were answered otherwise, by HTTP status or the error's name. */
  readonly refused: Readonly<Record<string, number>>;
  /** Until such an answer. */
  readonly refusal: Times | undefined;
  /** Orders that ended, in whatever way. */
  readonly completed: number;
  /** From the first order sent to the last end. */
  readonly completedPerSecond: number;
  /** Until the stream tells that the order is Approved. */
  readonly journey: Times | undefined;
  readonly endings: Readonly<Record<Ending, number>>;
  /** Accepted, and not ended while anything moved. */
  readonly notEnded: number;
  /** Processor time of this process, of one processor: 1 is all of it. */
  readonly generatorLoad: number;
}

const REACH_MS = 5_000;
/** Beyond the deadlines of an order's payment and review, after which it ends in any case. */
const GRACE_MS = 30_000;

/**
 * Posts the orders and follows each to its end; gives up on ends when none came
 * for longer than an order's deadlines. Throws a `SetupProblem` where the stack does not answer,
 * and the signal's reason when that aborts.
 */
export async function run(
  options: RunningOptions,
  progress: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<RunResult> {
  const { paymentMs, reviewMs } = deadlines();
  const silenceMs = paymentMs + reviewMs + GRACE_MS;
  await reach(options.url);
  let standing = { of: options.orders, answered: 0, ended: 0 };
  const hide = showProgress(() => standing, progress);
  const cpu = process.cpuUsage();
  try {
    const { journeys, acceptMs, refused, refuseMs, began, answeredIn } = await drive({
      ...options,
      follow: (onEnded) => followEndings(options.books.natsUrl, ordersEndings, onEnded),
      silenceMs,
      signal,
      onStanding: (answered, ended) => {
        standing = { of: options.orders, answered, ended };
      },
    });
    const { user, system } = process.cpuUsage(cpu);
    const ended = endedIn(journeys);
    return {
      accepted: acceptMs.length,
      acceptedPerSecond: perSecond(acceptMs.length, answeredIn),
      accept: timesOf(acceptMs),
      refused,
      refusal: timesOf(refuseMs),
      completed: ended,
      completedPerSecond: perSecond(ended, (journeys.lastEndAt ?? began) - began),
      journey: timesOf(journeys.approvedMs),
      endings: journeys.endings,
      notEnded: journeys.open,
      generatorLoad: (user + system) / 1_000 / (performance.now() - began),
    };
  } finally {
    hide();
  }
}

/** Any answer of a service that works will do; there is no such order. */
async function reach(url: string): Promise<void> {
  try {
    const answer = await fetch(`${url}/api/orders/bench-orders`, {
      signal: AbortSignal.timeout(REACH_MS),
    });
    await answer.body?.cancel();
    if (answer.status < 500) return;
    throw new Error(`it answers ${answer.status}`);
  } catch (cause) {
    const { message } = ((cause as Error).cause ?? cause) as Error;
    throw new SetupProblem(
      `no stack answers at ${url} (${message})`,
      'run make start in another terminal, or name it with --url',
      { cause },
    );
  }
}
