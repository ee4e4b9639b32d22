/**
 * `make demo`: places an order for each scenario and shows its journey, on the
 * stack that `make start` runs, or else on one of its own, on free ports and in
 * a temporary folder, which is gone afterwards. Two orders wait for a deadline: a
 * minute on a stack with the defaults, seconds on the demo's own. `--json` prints JSON.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { exitCodes } from '../cli/exit-code.ts';
import { UsageError } from '../cli/option.ts';
import { terminalPaint } from '../cli/paint.ts';
import { renderStory } from '../cli/render-story.ts';
import { deadlines, eventStoreAddress, ordersUrl, zipkinUrl } from '../cli/settings.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { keepLoopbackDirect } from '../shared/kit/process/address/direct-loopback.ts';
import { shownAll, shownJson } from '../shared/kit/shown.ts';
import { countdown } from './demo/countdown.ts';
import { type DemoTarget, type Journey, travel } from './demo/journey.ts';
import { takesOrders } from './demo/request.ts';
import { type Scenario, scenarios } from './demo/scenarios.ts';
import { describeProblem, SetupProblem } from './problem.ts';
import { startStack } from './stack.ts';
import { interruption, terminalSay } from './terminal.ts';
import { answers } from './until.ts';

keepLoopbackDirect();
const flags = new Command('demo')
  .description(
    `Places ${scenarios.length} orders that end differently and shows each one's journey, on the running stack or else on its own.`,
  )
  .option('--json', 'print JSON')
  .exitOverride(({ exitCode }) =>
    process.exit(exitCode === 0 ? exitCodes.done : exitCodes.usedWrongly),
  )
  .parse()
  .opts<{ json?: true }>();
// On the demo's own stack, shorter than a minute, but long enough that no order misses it by
// chance.
const OWN_DEADLINE_MS = 5_000;
// Zipkin has longer; the reader of a demo has not.
const ZIPKIN_MS = 90_000;
// Standard output is for the journeys alone when a program reads it.
const progress = flags.json ? process.stderr : process.stdout;
const interrupted = interruption(() => progress.write('stopping; Ctrl-C again to kill\n'));

try {
  const running = await runningStack();
  if (running !== undefined) await tellAll(running);
  else await withOwnStack(tellAll);
} catch (error) {
  if (!interrupted.aborted) console.error(isForPeople(error) ? describeProblem(error) : error);
  process.exitCode = error instanceof UsageError ? exitCodes.usedWrongly : exitCodes.failed;
}
process.exit();

function isForPeople(error: unknown): boolean {
  return [SetupProblem, UsageError, CodedError].some((kind) => error instanceof kind);
}

async function tellAll(target: DemoTarget): Promise<void> {
  // All run at once, so that those that wait for a deadline do not delay the others.
  const placedAt = performance.now();
  const travelling = scenarios.map((scenario) => travel(target, scenario, interrupted));
  // Each is awaited below, unless one before it failed.
  for (const journey of travelling) journey.catch(() => {});
  const journeys: Journey[] = [];
  for (const [index, scenario] of scenarios.entries()) {
    const travels = travelling[index];
    if (travels === undefined) break;
    const journey = await withPatience(travels, scenario, target, placedAt);
    journeys.push(journey);
    if (!flags.json) tell(scenario, shownAll(journey));
  }
  if (flags.json) console.log(shownJson(JSON.stringify(journeys, null, 2)));
  else if (target.zipkinUrl === undefined)
    console.log('\nThere are no traces: Zipkin is not running.');
  const missed = journeys.filter((journey) => !journey.as_expected);
  if (missed.length > 0) {
    console.error(`\nnot as expected: ${missed.map((journey) => journey.scenario).join(', ')}`);
    process.exitCode = 1;
  }
}

function withPatience(
  travels: Promise<Journey>,
  { name, deadline }: Scenario,
  { deadlines }: DemoTarget,
  placedAt: number,
): Promise<Journey> {
  if (deadline === undefined) return travels;
  const ms = placedAt + deadlines[deadline] - performance.now();
  if (ms < 1_000) return travels;
  return countdown(travels, { what: `the end of "${name}"`, ms, stream: progress });
}

function tell({ name, story, action, ends }: Scenario, journey: Journey): void {
  console.log(`\n${terminalPaint('strong', `── ${name}:`)} ${story}\n`);
  const { traces, trace_url, trace, accepted_ms, as_expected } = journey;
  console.log(renderStory({ ...journey, traces: [] }, terminalPaint));
  console.log(`The request that placed it was answered in ${accepted_ms} ms.`);
  for (const { url } of traces) {
    const size = trace && `${trace.spans} spans of ${trace.services.join(', ')}`;
    console.log(`trace ${url}`);
    console.log(
      `      ${url === trace_url ? (size ?? 'not there yet') : `of the ${action?.post} request`}`,
    );
  }
  if (as_expected) return;
  if (journey.refused) console.log(terminalPaint('bad', journey.refused));
  const expected = `${ends.status}${ends.reason ? ` (${ends.reason})` : ''}, payment ${ends.payment_status}`;
  console.log(terminalPaint('bad', `Expected: ${expected}.`));
}

/** The stack that ORDERS_URL names, or that `make start` runs with the same port variables, if it does. */
async function runningStack(): Promise<DemoTarget | undefined> {
  const httpUrl = ordersUrl({});
  const eventStore = eventStoreAddress({});
  if (!(await takesOrders(httpUrl))) {
    if (!process.env.ORDERS_URL?.trim()) return undefined;
    throw new SetupProblem(
      `no ordersvc answers at ${httpUrl}, which ORDERS_URL names`,
      'start it, or unset ORDERS_URL',
    );
  }
  const zipkin = zipkinUrl();
  const zipkinThere = await answers(`${zipkin}/health`, AbortSignal.timeout(2_000));
  progress.write(`on the stack at ${httpUrl}, event store ${eventStore}\n`);
  return {
    httpUrl,
    eventStore,
    zipkinUrl: zipkinThere ? zipkin : undefined,
    deadlines: deadlines(),
  };
}

async function withOwnStack(work: (target: DemoTarget) => Promise<void>): Promise<void> {
  progress.write('no stack is running, so the demo starts its own\n');
  const folder = await mkdtemp(join(tmpdir(), 'orders-demo-'));
  // PostgreSQL's user must be able to enter it when the demo runs as root.
  await chmod(folder, 0o755);
  try {
    const stack = await startStack({
      dataDir: folder,
      durable: false,
      say: terminalSay(progress),
      environment: {
        sagacoordinator: {
          PAYMENT_DEADLINE_MS: String(OWN_DEADLINE_MS),
          REVIEW_DEADLINE_MS: String(OWN_DEADLINE_MS),
        },
      },
      signal: interrupted,
    });
    try {
      // An order placed before Zipkin runs would have half a trace.
      const late = delay(ZIPKIN_MS, false, { ref: false });
      const traced = await Promise.race([stack.zipkinReady, late]);
      const zipkinUrl = traced ? stack.zipkinUrl : undefined;
      // For the tools that look into it from here.
      process.env.CREDENTIALS_DIR = stack.credentialsDir;
      if (stack.httpUrl === undefined) throw new Error('The stack has no HTTP address.');
      await work({
        httpUrl: stack.httpUrl,
        eventStore: stack.addresses.EVENTSTORE_ADDRESS,
        zipkinUrl,
        deadlines: {
          paymentMs: OWN_DEADLINE_MS,
          reviewMs: OWN_DEADLINE_MS,
          ceilingMs: OWN_DEADLINE_MS,
        },
      });
      if (zipkinUrl) {
        progress.write(
          '\nThis stack stops now and its traces are lost. To see traces, run make start',
        );
        progress.write(' in one terminal and make demo in another.\n');
      }
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
