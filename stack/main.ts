/**
 * `make start`: the whole stack in the foreground until Ctrl-C. Reads SERVICES
 * (names, space between; default all), STACK_DATA_DIR (default `.data`), LOG=all
 * (show everything that the services write), and the variables that name servers
 * of the user's own.
 */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { describeProblem, SetupProblem } from './problem.ts';
import { databases, serverPorts } from './services.ts';
import { type Stack, startStack } from './stack.ts';
import { interruption, terminalSay } from './terminal.ts';

const { env } = process;
const stop = interruption(() => console.log('stopping; Ctrl-C again to kill'));

try {
  const stack = await startStack({
    dataDir: env.STACK_DATA_DIR || resolve(import.meta.dirname, '../.data'),
    ports: 'standard',
    services: env.SERVICES?.trim() ? env.SERVICES.trim().split(/\s+/) : undefined,
    own: env,
    showAll: env.LOG === 'all',
    say: terminalSay(process.stdout),
    signal: stop,
  });
  console.log(`ready in ${Math.round(performance.now())} ms; Ctrl-C stops it`);
  for (const [name, address] of addresses(stack)) console.log(`  ${name.padEnd(14)}  ${address}`);
  if (!stop.aborted) await once(stop, 'abort');
  await stack.stop();
} catch (error) {
  if (!stop.aborted) {
    console.error(error instanceof SetupProblem ? describeProblem(error) : error);
    process.exitCode = 1;
  }
}
// Idle connections of readiness checks must not hold up the end.
process.exit();

function addresses(stack: Stack): readonly (readonly [string, string])[] {
  const { NATS_URL, EVENTSTORE_ADDRESS, EVENTSTORE_DATABASE_URL: sql } = stack.addresses;
  const monitor = env.NATS_URL ? '' : `, monitor http://127.0.0.1:${serverPorts.natsMonitor}`;
  const shownSql = Object.keys(databases).some((name) => env[name])
    ? 'as named by the *_DATABASE_URL variables'
    : `${sql} (also ${Object.values(databases).slice(1).join(', ')})`;
  return [
    ...(stack.httpUrl ? [['HTTP', `${stack.httpUrl}/api/orders`] as const] : []),
    ['gRPC', EVENTSTORE_ADDRESS],
    ['SQL', shownSql],
    ['NATS', env.NATS_URL ? 'as named by NATS_URL' : `${NATS_URL}${monitor}`],
    ...(stack.zipkinUrl ? [['Zipkin', `${stack.zipkinUrl}/zipkin`] as const] : []),
  ];
}
