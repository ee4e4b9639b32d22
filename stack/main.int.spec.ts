import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { BOOTSTRAPPER } from '../shared/contracts/rights/sql.ts';
import { openSql } from '../shared/kit/sql/sql-access.ts';
import { loginUrl } from './credentials/sql-logins.ts';
import { childrenOf } from './orphans.ts';
import { freePort } from './ports.ts';
import { commandName, parentOf } from './proc.ts';
import {
  freeEnvironment,
  type Running,
  runMain,
  untilNothingRuns,
  untilRuns,
} from './testing/make-start.ts';
import { testFolder } from './testing.ts';
import { until } from './until.ts';

describe('make start', function suite() {
  this.timeout(120_000);
  const started: Running[] = [];
  let dataDir: string;
  let env: Record<string, string>;

  beforeEach(async () => {
    dataDir = join(await testFolder(), 'data');
    env = await freeEnvironment();
  });
  afterEach(async () => {
    for (const one of started.splice(0)) {
      one.kill('SIGTERM');
      await one.exited;
    }
    await untilNothingRuns(dataDir);
  });

  function start(further: Readonly<Record<string, string>> = {}): Running {
    const one = runMain({ dataDir, env: { ...env, ...further } });
    started.push(one);
    return one;
  }

  /** It ends by itself with exit code 1, one line on standard error, and nothing running. */
  async function refusal(further: Readonly<Record<string, string>>): Promise<string> {
    const one = start(further);
    assert.equal(await one.exited, 1, one.output());
    assert.match(one.errors(), /^[^\n]+ → [^\n]+\n$/);
    assert.doesNotMatch(one.output(), /starts again/);
    assert.deepEqual(childrenOf(dataDir), []);
    return one.errors();
  }

  it('a SIGKILL leaves nothing that blocks the next start, and the data is still there', async () => {
    const first = start();
    await first.ready();
    const url = loginUrl(dataDir, Number(env.SQL_PORT), 'eventstoredb', BOOTSTRAPPER);
    const sql = openSql(url, { max: 1 });
    await sql`create table kept as select 42 as n`;
    await sql.end();
    first.kill('SIGKILL');
    await first.exited;

    await start().ready();
    const again = openSql(url, { max: 1 });
    const [row] = await again`select n from kept`;
    await again.end();
    assert.equal(row?.n, 42);
  });

  it('ends everything it started, without a next start, when it is killed', async () => {
    const one = start();
    await one.ready();
    assert.ok(childrenOf(dataDir).length >= 3);
    one.kill('SIGKILL');
    await untilNothingRuns(dataDir);
  });

  it('names a Zipkin that is still starting as one that is', async function starting() {
    // A Java that is new enough, and never listens.
    const home = await testFolder();
    await mkdir(join(home, 'bin'));
    const java =
      '#!/bin/sh\n[ "$1" = -version ] && { echo \'openjdk version "17"\'; exit; }\nexec sleep 600\n';
    await writeFile(join(home, 'bin/java'), java, { mode: 0o755 });
    const ZIPKIN_PORT = String(await freePort());
    const one = start({ OTEL_EXPORTER_ZIPKIN_ENDPOINT: '', JAVA_HOME: home, ZIPKIN_PORT });
    await one.ready();
    // Its jar cannot be had.
    if (one.output().includes('no traces')) this.skip();
    const banner = () =>
      one
        .output()
        .split('\n')
        .find((line) => /^ {2}Zipkin /.test(line));
    await until(() => banner(), { what: 'the line of Zipkin', deadlineMs: 5_000 });
    assert.equal(
      banner()?.trim(),
      `Zipkin          http://127.0.0.1:${ZIPKIN_PORT}/zipkin (starting)`,
    );
  });

  it('what lives on although it was killed is ended by the next start, in one line', async () => {
    const first = start();
    await first.ready();
    first.killWithGuard();
    await first.exited;
    assert.ok(childrenOf(dataDir).length >= 3, 'its children live on');
    const second = start();
    await second.ready();
    const [line = '', ...more] = second
      .output()
      .split('\n')
      .filter((text) => text.includes('left by a killed run'));
    assert.deepEqual(more, []);
    for (const name of ['postgres', 'nats-server', 'eventstoresvc/main.ts']) {
      assert.ok(line.includes(name), `${name} is named in: ${line}`);
    }
  });

  for (const moment of ['initdb', 'bootstrapper/main.ts', 'eventstoresvc/main.ts']) {
    it(`can be killed in the middle of ${moment}`, async () => {
      const first = start();
      await untilRuns(dataDir, moment);
      first.killWithGuard();
      await first.exited;
      await start().ready();
    });
  }

  it('a second one in the same folder says who has it, and harms nobody', async () => {
    const first = start();
    await first.ready();
    const before = childrenOf(dataDir);
    const second = start(await freeEnvironment());
    assert.equal(await second.exited, 1);
    assert.match(
      second.errors(),
      new RegExp(`^another stack \\(process ${first.pid}\\) uses the data folder .* → stop it`),
    );
    assert.deepEqual(childrenOf(dataDir), before);
  });

  it('of two at the same instant one runs', async () => {
    const both = [start(), start(await freeEnvironment())];
    const outcomes = both.map((one) =>
      one.ready().then(
        () => 'ready',
        () => one.exited,
      ),
    );
    assert.deepEqual((await Promise.all(outcomes)).toSorted(), [1, 'ready']);
  });

  it('SIGTERM and SIGHUP stop it in order, also when nobody reads its output', async () => {
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      const one = start();
      await one.ready();
      one.closeOutput();
      one.kill(signal);
      assert.equal(await one.exited, 0);
      assert.deepEqual(childrenOf(dataDir), []);
    }
  });

  it('a second Ctrl-C ends it at once, whatever does not stop', async () => {
    const one = start();
    await one.ready();
    process.kill(await untilRuns(dataDir, 'nats-server'), 'SIGSTOP');
    let code: number | string | undefined;
    void one.exited.then((value) => {
      code = value;
    });
    const again = () => {
      one.kill('SIGINT');
      return code !== undefined;
    };
    // Left alone, it would wait ten seconds for the server that was stopped.
    await until(again, { what: 'its end', deadlineMs: 6_000, everyMs: 200 });
    assert.equal(code, 1);
    await untilNothingRuns(dataDir);
  });

  it('stops when the make that started it is killed', async () => {
    const script = 'STOP_WITH_PARENT=$$ "$0" "$1" & echo $!; wait';
    const make = spawn(
      'sh',
      ['-c', script, process.execPath, join(import.meta.dirname, 'main.ts')],
      {
        env: { ...process.env, ...env, STACK_DATA_DIR: dataDir },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let output = '';
    make.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await until(() => /^ready /m.test(output), { what: 'ready', deadlineMs: 40_000 });
    make.kill('SIGKILL');
    await once(make, 'close');
    assert.match(output, /^stopping/m);
    assert.equal(commandName(Number.parseInt(output, 10)), '');
    assert.deepEqual(childrenOf(dataDir), []);
  });

  it('stops when the terminal closes, though only make is told, which waits for it', async () => {
    // `script` is the terminal. What it runs first heeds a hangup as little as make does.
    const typescript = join(await testFolder(), 'typescript');
    const command = `trap '' HUP; '${process.execPath}' '${join(import.meta.dirname, 'main.ts')}'; :`;
    const terminal = spawn('script', ['-q', '-f', '-c', command, typescript], {
      env: { ...process.env, ...env, STACK_DATA_DIR: dataDir },
      stdio: 'ignore',
    });
    const said = () => readFile(typescript, 'utf8');
    const isReady = async () => /^ready /m.test(await said());
    await until(isReady, { what: 'ready', deadlineMs: 40_000 });
    const children = childrenOf(dataDir);
    assert.ok(children.length >= 3);
    const stack = parentOf(children.find((pid) => commandName(pid).startsWith('nats')) ?? 0) ?? 0;
    try {
      terminal.kill('SIGKILL');
      await untilNothingRuns(dataDir);
    } finally {
      // Where it heard nothing.
      if (commandName(stack) !== '') process.kill(stack, 'SIGTERM');
    }
  });

  it('a port in use is said with its holder and the variable', async () => {
    const server = createServer().listen(Number(env.NATS_MONITOR_PORT), '127.0.0.1');
    await once(server, 'listening');
    try {
      assert.match(
        await refusal({}),
        new RegExp(
          `^port ${env.NATS_MONITOR_PORT} \\(the NATS monitor, taken by node .*, process ${process.pid}\\) is in use → stop what listens there, or set NATS_MONITOR_PORT to`,
        ),
      );
    } finally {
      server.close();
    }
  });

  const wrong: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    ['a misspelt service', { SERVICES: 'ordersvc orderservice' }, /no service orderservice → /],
    ['a port that is none', { GRPC_PORT: 'grpc' }, /GRPC_PORT=grpc is not a port/],
    ['one port for two', { NATS_PORT: '9', SQL_PORT: '9' }, /cannot both use port 9/],
    ['an unknown LOG', { LOG: 'loud' }, /LOG=loud is unknown/],
    ['an unknown PROCESSES', { PROCESSES: 'many' }, /PROCESSES=many is unknown/],
    ['a Zipkin address that is none', { OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'there' }, /=there is no/],
    ['a NATS address that is none', { NATS_URL: 'there' }, /NATS_URL is "there"/],
    ['an unknown LOG_LEVEL', { LOG_LEVEL: 'loud' }, /LOG_LEVEL is "loud"/],
    ['a setting of one service', { DATABASE_POOL_SIZE: '-1' }, /eventstoresvc .*SIZE is "-1"/],
  ];
  for (const [what, variables, said] of wrong) {
    it(`${what} is said with its value and the remedy`, async () => {
      assert.match(await refusal(variables), said);
    });
  }
});
