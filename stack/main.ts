/**
 * `make start`: the whole stack in the foreground until Ctrl-C. Reads SERVICES
 * (names, space between, or none; default all), EXAMPLE (a system of examples/ instead of
 * the orders), NATS_NODES (1, the default, or 3 as a cluster
 * that keeps three copies), PROCESSES (each: one for each service, or few: the workers in
 * one; default few on a small machine), STACK_DATA_DIR (default `.data`), LOG=all
 * (show everything that the services write), the variables that name servers of the
 * user's own, and those that name ports: HTTP_PORT, CONSOLE_PORT, GRPC_PORT, SQL_PORT, NATS_PORT,
 * NATS_MONITOR_PORT, ZIPKIN_PORT, and ADMIN_PORT for the first of the admin ports.
 */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setImmediate as soon } from 'node:timers/promises';
import { keepLoopbackDirect } from '../shared/kit/process/address/direct-loopback.ts';
import { readExample } from './example.ts';
import { childMark } from './orphans.ts';
import { LOOPBACK } from './ports.ts';
import { asProblem, describeProblem, SetupProblem } from './problem.ts';
import { processForm } from './process-form.ts';
import { databases } from './services.ts';
import { type Stack, startStack } from './stack.ts';
import { interruption, outliveOutput, terminalSay } from './terminal.ts';

const { env } = process;
const HOW_TO_GET_A_TOKEN =
  'npx ordersctl token --customer ada, --restaurant trattoria or --operator olga';
const dataDir = resolve(env.STACK_DATA_DIR || resolve(import.meta.dirname, '../.data'));
// Every child inherits it, so that the next start knows them, should this one be killed.
Object.assign(env, childMark(dataDir));
outliveOutput();
keepLoopbackDirect();
const stop = interruption(
  () => console.log('stopping; Ctrl-C again to kill'),
  env.STOP_WITH_PARENT ? Number(env.STOP_WITH_PARENT) : undefined,
);

try {
  const example = await readExample(env.EXAMPLE?.trim());
  const stack = await startStack({
    ...example,
    dataDir,
    ports: 'standard',
    services: chosen(env.SERVICES?.trim()),
    natsNodes: natsNodes(env.NATS_NODES),
    processes: processForm(env.PROCESSES?.trim()),
    own: env,
    showAll: showsAll(env.LOG),
    say: terminalSay(process.stdout),
    signal: stop,
  });
  console.log(`ready in ${Math.round(performance.now())} ms; Ctrl-C stops it`);
  // It is not waited for, so it may be there, be starting, or be known not to come.
  const traces = await Promise.race([stack.zipkinReady, soon(undefined)]);
  for (const [name, address] of addresses(stack, traces))
    console.log(`  ${name.padEnd(14)}  ${address}`);
  if (!stop.aborted) await once(stop, 'abort');
  await stack.stop();
} catch (error) {
  if (!stop.aborted) {
    console.error(asProblem(error) ? describeProblem(error) : error);
    process.exitCode = 1;
  }
}
// Idle connections of readiness checks must not hold up the end.
process.exit();

/** `none`: the servers alone, as for a restore. */
function chosen(names: string | undefined): readonly string[] | undefined {
  if (!names) return undefined;
  return names === 'none' ? [] : names.split(/\s+/);
}

function natsNodes(text: string | undefined): number {
  if (!text || text === '1') return 1;
  if (text === '3' && !env.NATS_URL?.trim()) return 3;
  throw text === '3'
    ? new SetupProblem('NATS_NODES and NATS_URL are both set', 'unset one of them')
    : new SetupProblem(`NATS_NODES=${text} is not possible`, 'set 1 or 3, or leave it out');
}

function showsAll(log: string | undefined): boolean {
  if (!log || log === 'all') return log === 'all';
  throw new SetupProblem(`LOG=${log} is unknown`, 'set LOG=all, or leave it out');
}

/** `traces`: whether there are any; undefined while that is not known. */
function addresses(
  stack: Stack,
  traces: boolean | undefined,
): readonly (readonly [string, string])[] {
  const { NATS_URL, EVENTSTORE_ADDRESS, EVENTSTORE_DATABASE_URL: sql } = stack.addresses;
  const monitor = stack.natsMonitorUrl ? `, monitor ${stack.natsMonitorUrl}` : '';
  const shownSql = Object.keys(databases).some((name) => env[name]?.trim())
    ? 'as named by the *_DATABASE_URL variables'
    : `${sql} (also ${Object.values(databases).slice(1).join(', ')})`;
  return [
    ...(stack.httpUrl ? [['HTTP', `${stack.httpUrl}${stack.httpPath}`] as const] : []),
    ...(stack.ports.ordersvc === undefined ? [] : [['Token', HOW_TO_GET_A_TOKEN] as const]),
    ...(stack.ports.console === undefined
      ? []
      : [['Console', `http://${LOOPBACK}:${stack.ports.console}`] as const]),
    ['gRPC', EVENTSTORE_ADDRESS],
    ['SQL', shownSql],
    ['NATS', env.NATS_URL?.trim() ? 'as named by NATS_URL' : `${NATS_URL}${monitor}`],
    ...(stack.zipkinUrl && traces !== false
      ? [['Zipkin', `${stack.zipkinUrl}/zipkin${traces ? '' : ' (starting)'}`] as const]
      : []),
  ];
}
