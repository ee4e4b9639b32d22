/**
 * `make demo`: places an order for each scenario and shows its journey, on the
 * stack that runs on the documented ports, or else on one of its own, on free
 * ports and in a temporary folder, which is gone afterwards. `--json` prints JSON.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DemoTarget, type Journey, travel } from './demo/journey.ts';
import { type Scenario, scenarios } from './demo/scenarios.ts';
import { LOOPBACK } from './ports.ts';
import { describeProblem, SetupProblem } from './problem.ts';
import { serverPorts, services } from './services.ts';
import { startStack } from './stack.ts';
import { interruption, terminalSay } from './terminal.ts';
import { answers } from './until.ts';

const { values: flags } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
// Standard output is for the journeys alone when a program reads it.
const progress = flags.json ? process.stderr : process.stdout;
const interrupted = interruption(() => progress.write('stopping; Ctrl-C again to kill\n'));

try {
  const running = await runningStack();
  if (running !== undefined) await tellAll(running);
  else await withOwnStack(tellAll);
} catch (error) {
  if (!interrupted.aborted) {
    console.error(error instanceof SetupProblem ? describeProblem(error) : error);
  }
  process.exitCode = 1;
}
process.exit();

async function tellAll(target: DemoTarget): Promise<void> {
  const journeys: Journey[] = [];
  for (const scenario of scenarios) {
    if (interrupted.aborted) return;
    const journey = await travel(target, scenario);
    journeys.push(journey);
    if (!flags.json) tell(scenario, journey);
  }
  if (flags.json) console.log(JSON.stringify(journeys, null, 2));
  if (journeys.some((journey) => !journey.as_expected)) process.exitCode = 1;
}

function tell(scenario: Scenario, journey: Journey): void {
  const { order_id, status, accepted_ms, steps, trace_url, trace } = journey;
  const ending = journey.as_expected ? status : `${status}, but ${scenario.ends} was expected`;
  console.log(`\n${scenario.name}: ${scenario.story}`);
  console.log(`  order ${order_id}: ${ending} (accepted in ${accepted_ms} ms)`);
  for (const { version, event_type, position, elapsed_ms } of steps) {
    const when = `+${elapsed_ms} ms`.padStart(10);
    console.log(`  ${when}  ${version}  ${event_type.padEnd(22)}  position ${position}`);
  }
  if (trace_url === undefined) return;
  const what = trace && ` (${trace.spans} spans: ${trace.services.join(', ')})`;
  console.log(`  trace ${trace_url}${what ?? ''}`);
}

async function runningStack(): Promise<DemoTarget | undefined> {
  const ordersvc = services.find(({ serves }) => serves?.variable === 'HTTP_PORT');
  const ready = `http://${LOOPBACK}:${ordersvc?.adminPort}/readyz`;
  if (!(await answers(ready, AbortSignal.timeout(2_000)))) return undefined;
  const httpUrl = `http://${LOOPBACK}:${process.env.HTTP_PORT || ordersvc?.serves?.port}`;
  const zipkin = process.env.OTEL_EXPORTER_ZIPKIN_ENDPOINT;
  const zipkinUrl = zipkin ? new URL(zipkin).origin : `http://${LOOPBACK}:${serverPorts.zipkin}`;
  const zipkinThere = await answers(`${zipkinUrl}/health`, AbortSignal.timeout(2_000));
  return { httpUrl, zipkinUrl: zipkinThere ? zipkinUrl : undefined };
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
      signal: interrupted,
    });
    try {
      // An order placed before Zipkin is there would have half a trace.
      const zipkinUrl = (await stack.zipkinReady) ? stack.zipkinUrl : undefined;
      if (stack.httpUrl === undefined) throw new Error('The stack has no HTTP address.');
      await work({ httpUrl: stack.httpUrl, zipkinUrl });
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
