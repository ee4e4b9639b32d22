import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { ownVariable, variablesOf } from '../shared/kit/process/own-environment.ts';
import { isSecret } from '../shared/kit/process/setting.ts';
import { CHILD_MARK, childrenOf } from './orphans.ts';
import { freePorts } from './ports.ts';
import { commandLine } from './proc.ts';
import { bootstrapper, services } from './services.ts';
import { freeEnvironment, type Running, runMain, untilNothingRuns } from './testing/make-start.ts';
import { testFolder } from './testing.ts';
import { until } from './until.ts';

const names = [bootstrapper, ...services].map(({ name }) => name);

async function settingsOf(service: string): Promise<z.ZodObject> {
  const { schema } = await import(`../services/${service}/config.ts`);
  return schema;
}

/** The environment that a process was started with. */
function environmentOf(pid: number): Readonly<Record<string, string>> {
  const text = readFileSync(`/proc/${pid}/environ`, 'utf8');
  const entries = text.split('\0').filter((entry) => entry.includes('='));
  return Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s, 2)));
}

/** What no child may see although it stands in everybody's shell. */
const strangers = { AWS_SECRET_ACCESS_KEY: 'canary-aws', NODE_AUTH_TOKEN: 'canary-npm' };

/** Of the form that each of them may have. */
const canaryOf = (setting: string) => `x-bird=canary-${setting}`;

describe('the environment of a child', function suite() {
  this.timeout(150_000);
  for (const PROCESSES of ['each', 'few'] as const) {
    describe(`with PROCESSES=${PROCESSES}`, () => {
      let dataDir: string;
      let running: Running;
      let port: number;
      let adminPort: number;
      /** By what a child was told to run. */
      const children = new Map<string, Readonly<Record<string, string>>>();
      /** The secret settings of each service. */
      const secrets = new Map<string, readonly string[]>();

      before(async () => {
        dataDir = join(await testFolder(), 'data');
        const canaries: Record<string, string> = {};
        for (const name of names) {
          const { shape } = await settingsOf(name);
          const own = Object.keys(shape).filter((one) => isSecret(shape[one]));
          secrets.set(name, own);
          for (const one of own) canaries[one] = canaryOf(one);
        }
        // The admin ports follow one another, so they lie above the others.
        const [HTTP_PORT, ZIPKIN_PORT] = (await freePorts(2)).map(String);
        const env = await freeEnvironment();
        [port, adminPort] = [Number(HTTP_PORT), Number(env.ADMIN_PORT)];
        running = runMain({
          dataDir,
          env: {
            ...env,
            ...canaries,
            ...strangers,
            SERVICES: '',
            PROCESSES,
            HTTP_PORT,
            ZIPKIN_PORT,
            OTEL_EXPORTER_ZIPKIN_ENDPOINT: '',
            REVIEWWORKER_MAX_DELIVER: '7',
          },
        });
        // The whole stack, and a Java beside it.
        const isReady = () => /^ready /m.test(running.output());
        await until(isReady, { what: 'ready', deadlineMs: 110_000 });
        for (const pid of childrenOf(dataDir)) {
          children.set(commandLine(pid).join(' '), environmentOf(pid));
        }
      });
      after(async () => {
        running?.kill('SIGTERM');
        await running?.exited;
        await untilNothingRuns(dataDir);
      });

      /** The services that the process of this command line runs. */
      const members = (command: string) =>
        services.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(command));

      it('holds no secret but those of the services in it', () => {
        assert.ok(children.size >= 5, `only ${[...children.keys()].join(', ')}`);
        assert.ok([...secrets.values()].flat().includes('STRIPE_SECRET_KEY'));
        for (const [command, environment] of children) {
          const allowed = members(command).flatMap(({ name }) =>
            (secrets.get(name) ?? []).map(canaryOf),
          );
          const held = Object.values(environment).filter((value) => value.includes('canary'));
          assert.deepEqual(
            held.filter((value) => !allowed.includes(value)),
            [],
            command,
          );
        }
        const ofPayments = [...children].find(([command]) => command.includes('paymentworker'));
        assert.ok(Object.values(ofPayments?.[1] ?? {}).includes(canaryOf('STRIPE_SECRET_KEY')));
      });

      it('tells its secrets to no log, no metric and nobody who asks', async () => {
        const order = { customer_id: 'canaria', restaurant_id: 'r', order_items: [] };
        const answers = await Promise.all([
          fetch(`http://127.0.0.1:${port}/api/orders`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(order),
          }),
          ...['healthz', 'readyz', 'metrics'].flatMap((path) =>
            services.map((_, index) => fetch(`http://127.0.0.1:${adminPort + index}/${path}`)),
          ),
        ]);
        const said = await Promise.all(answers.map((answer) => answer.text()));
        const logs = await readdir(join(dataDir, 'logs'));
        const written = await Promise.all(
          logs.map((name) => readFile(join(dataDir, 'logs', name), 'utf8')),
        );
        assert.ok(written.join('').includes('ready'));
        for (const text of [running.output(), ...said, ...written]) {
          assert.doesNotMatch(text, /canary-/);
        }
      });

      it('of a service holds what its settings read, and what Node does', async () => {
        const common =
          /^(PATH|HOME|TMPDIR|LANG|LC_\w+|TZ|NODE_\w+|SSL_CERT_\w+|\w+_proxy|GRPC_\w+|OTEL_\w+|LOG_LEVEL)$/i;
        for (const [command, environment] of children) {
          const inside = members(command);
          if (inside.length === 0) continue;
          const read = await Promise.all(
            inside.map(async ({ name }) => {
              const variables = variablesOf(await settingsOf(name));
              return inside.length === 1
                ? variables
                : variables.map((one) => ownVariable(name, one));
            }),
          );
          const allowed = new Set([CHILD_MARK, ...read.flat()]);
          const more = Object.keys(environment).filter(
            (name) => !allowed.has(name) && !common.test(name),
          );
          assert.deepEqual(more, [], command);
        }
      });

      it('has the own form of a setting for its service only', () => {
        for (const [command, environment] of children) {
          const here = Object.entries(environment).filter(([name]) => /MAX_DELIVER$/.test(name));
          const wanted = command.includes('reviewworker') ? ['7'] : [];
          assert.deepEqual(
            here.map(([, value]) => value),
            wanted,
            command,
          );
        }
      });
    });
  }
});
