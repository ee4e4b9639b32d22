import { readStory } from '../../cli/read-story.ts';
import { codedError } from '../../shared/kit/errors.ts';
import type { Setting, Story } from '../../shared/story/story.ts';
import { SetupProblem } from '../problem.ts';
import { until } from '../until.ts';
import { getJson, postJson } from './request.ts';
import type { Ending, Scenario } from './scenarios.ts';
import { readTrace, type TraceSize } from './trace.ts';

/** Where the stack answers. */
export interface DemoTarget {
  readonly httpUrl: string;
  /** Address of its event store. */
  readonly eventStore: string;
  readonly zipkinUrl: string | undefined;
  /** As its coordinator is, or is taken to be, configured. */
  readonly deadlines: Setting['deadlines'];
}

/** What became of one order. Field names are those of `--json`. */
export interface Journey extends Story {
  readonly scenario: string;
  readonly as_expected: boolean;
  /** The answer to the person's command, if it was refused. */
  readonly refused?: string;
  /** From sending the request to the answer. */
  readonly accepted_ms: number;
  /** Of the submission; the command of a person has a trace of its own. */
  readonly trace_url?: string;
  /** What Zipkin held of that trace; absent when it was not there in time. */
  readonly trace?: TraceSize;
}

// Beyond the deadline that a scenario waits for.
const JOURNEY_MS = 20_000;
const EVERY_MS = 20;

/**
 * Places the scenario's order, acts on it and follows it to its end. Throws a `SetupProblem`
 * if the order is refused, or if event store and ordersvc belong to different stacks, and
 * the signal's reason if that aborts. An order that has not ended after 20 seconds, plus the
 * deadline that it waits for, is returned as it is.
 */
export async function travel(
  target: DemoTarget,
  scenario: Scenario,
  signal: AbortSignal,
): Promise<Journey> {
  const orders = `${target.httpUrl}/api/orders`;
  const began = performance.now();
  const response = await postJson(orders, scenario.order);
  const accepted_ms = Math.round(performance.now() - began);
  const { order_id } = (await response.json()) as { order_id: string };
  const order = `${orders}/${encodeURIComponent(order_id)}`;
  const came = await follow(order, scenario, target, signal);

  const traceId = response.headers.get('x-trace-id');
  const { zipkinUrl, deadlines } = target;
  const traced = zipkinUrl !== undefined && traceId !== null;
  const trace = traced ? await readTrace(zipkinUrl, traceId, signal) : undefined;
  const place = { deadlines, zipkinUrl: zipkinUrl ?? '' };
  const story = await readStory(order_id, target.eventStore, place).catch((cause: unknown) => {
    if (codedError(cause).code !== 'order_not_found') throw cause;
    throw new SetupProblem(
      `the event store at ${target.eventStore} does not have order ${order_id} of ordersvc at ${target.httpUrl}: they belong to different stacks`,
      'set HTTP_PORT, GRPC_PORT and ZIPKIN_PORT as for make start',
      { cause },
    );
  });
  return {
    scenario: scenario.name,
    ...came,
    accepted_ms,
    ...story,
    ...(zipkinUrl === undefined && { traces: [] }),
    ...(traced && { trace_url: `${zipkinUrl}/zipkin/traces/${traceId}` }),
    ...(trace && { trace }),
  };
}

/** Runs the scenario and waits for its end. */
async function follow(
  order: string,
  { action, deadline, ends }: Scenario,
  { deadlines }: DemoTarget,
  signal: AbortSignal,
): Promise<Pick<Journey, 'as_expected' | 'refused'>> {
  const deadlineMs = JOURNEY_MS + (deadline === undefined ? 0 : deadlines[deadline]);
  // An order that ended in another way never reaches the expected end: stop waiting.
  const reached = (wanted: (now: Ending) => boolean) => {
    const look = async () => {
      const now = await getJson<Ending>(order);
      if (wanted(now)) return 'reached';
      const open = now.status === 'Pending' || now.status === 'Paid';
      return !open && now.status !== ends.status ? 'missed' : undefined;
    };
    return until(look, { what: order, deadlineMs, everyMs: EVERY_MS, signal }).catch(() => {
      signal.throwIfAborted();
      return 'missed' as const;
    });
  };
  if (action !== undefined) {
    if ((await reached(({ status }) => status === action.when)) === 'missed')
      return { as_expected: false };
    try {
      await postJson(`${order}/${action.post}`, action.body);
    } catch (error) {
      return { as_expected: false, refused: (error as Error).message };
    }
  }
  const end = await reached(
    ({ status, payment_status, reason }) =>
      status === ends.status &&
      payment_status === ends.payment_status &&
      (ends.reason === undefined || reason === ends.reason),
  );
  return { as_expected: end === 'reached' };
}
