import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natsLoginAs } from './credentials/nats-logins.ts';
import { loginAs } from './credentials/sql-logins.ts';
import { portInUse } from './ports.ts';
import { SetupProblem } from './problem.ts';
import { bootstrapper, services } from './services.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';
import { testFolder } from './testing.ts';
import { until } from './until.ts';

const within = { deadlineMs: 20_000 };

/** Stands in for every service: says it is ready and shows its environment. */
const service = `
  require('node:http')
    .createServer((request, response) => response.end(JSON.stringify(process.env)))
    .listen(Number(process.env.ADMIN_PORT), '127.0.0.1');
  process.on('SIGTERM', () => { console.log('{"level":40,"msg":"drained"}'); process.exit(0); });`;

async function serviceFolder(bootstrap: string, main = service): Promise<string> {
  const folder = await testFolder();
  // CommonJS: the fixtures lie outside the project and its package.json.
  await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}');
  for (const { name } of [bootstrapper, ...services]) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'main.ts'), name === 'bootstrapper' ? bootstrap : main);
  }
  return folder;
}

describe('startStack', function suite() {
  this.timeout(60_000);
  const said: string[] = [];
  let dataDir: string;
  let options: StackOptions;
  let stack: Stack;

  before(async () => {
    dataDir = join(await testFolder(), 'data');
    options = {
      dataDir,
      durable: false,
      zipkin: false,
      servicesDir: await serviceFolder(`console.log('{"level":30,"msg":"made"}')`),
      instances: { paymentworker: 2 },
      environment: { paymentworker: { GATEWAY: 'slow' } },
      route: ({ name }, variable, address) =>
        name === 'paymentworker-2' && variable === 'NATS_URL'
          ? `${address},nats://wire:1`
          : address,
      say: (kind, name, text) => said.push(`${kind} ${name} ${text}`),
    };
    stack = await startStack(options);
  });

  after(() => stack.stop());

  const environmentOf = async (name: string) => {
    const response = await fetch(`${stack.adminUrls[name]}/env`);
    return (await response.json()) as Record<string, string>;
  };
  const ready = () =>
    said.filter((line) => line.startsWith('ready')).map((line) => line.split(' ')[1]);

  it('says each process as it becomes ready, the servers before the services', () => {
    assert.deepEqual(ready().slice(0, 3).toSorted(), ['NATS', 'PostgreSQL', 'bootstrapper']);
    assert.equal(ready()[2], 'bootstrapper');
    // On free ports a service that only watches runs if it is named.
    const all = services.filter(({ watches }) => watches !== true);
    assert.deepEqual(
      ready().slice(3).toSorted(),
      [...all.map(({ name }) => name), 'paymentworker-2'].toSorted(),
    );
  });

  it('tells a service the addresses it needs, and no others', async () => {
    const ordersvc = await environmentOf('ordersvc');
    const asItself = loginAs(stack.addresses.ORDERS_DATABASE_URL, 'ordersvc');
    assert.equal(ordersvc.ORDERS_DATABASE_URL, asItself);
    assert.equal(ordersvc.EVENTSTORE_ADDRESS, stack.addresses.EVENTSTORE_ADDRESS);
    assert.equal(ordersvc.PAYMENTS_DATABASE_URL, undefined);
    assert.equal(ordersvc.OTEL_SERVICE_NAME, 'ordersvc');
    assert.equal(`http://127.0.0.1:${ordersvc.HTTP_PORT}`, stack.httpUrl);
    assert.match(ordersvc.NODE_COMPILE_CACHE ?? '', /^\/./, 'sources are compiled once for all');
    assert.equal((await environmentOf('paymentworker-2')).GATEWAY, 'slow');
  });

  it('leads one instance another way', async () => {
    const NATS_URL = natsLoginAs(stack.addresses.NATS_URL, 'paymentworker');
    assert.equal((await environmentOf('paymentworker-2')).NATS_URL, `${NATS_URL},nats://wire:1`);
    assert.equal((await environmentOf('paymentworker')).NATS_URL, NATS_URL);
    assert.equal((await environmentOf('paymentworker')).STREAM_REPLICAS, undefined);
  });

  it('starts a killed service again, on its port', async () => {
    const before = stack.unit('reviewworker').process?.pid;
    stack.kill('reviewworker');
    await until(
      () => {
        const now = stack.unit('reviewworker').process?.pid;
        return now !== undefined && now !== before;
      },
      { what: 'reviewworker', ...within },
    );
    assert.ok(said.some((line) => /^trouble reviewworker died \(SIGKILL\)/.test(line)));
    await environmentOf('reviewworker');
  });

  it('starts killed servers again, on their ports', async () => {
    for (const name of ['PostgreSQL', 'NATS']) {
      const count = ready().filter((one) => one === name).length;
      stack.kill(name);
      const back = () => ready().filter((one) => one === name).length > count;
      await until(back, { what: name, ...within });
    }
  });

  it('restarts a service on demand, in order and at once', async () => {
    await stack.restart('ordersvc');
    assert.ok(said.includes('line ordersvc drained'));
    await environmentOf('ordersvc');
  });

  it('notes process ids while the processes run', async () => {
    const pid = Number(await readFile(join(dataDir, 'run', 'ordersvc.pid'), 'utf8'));
    assert.equal(pid, stack.unit('ordersvc').process?.pid);
  });

  it('stops the services in reverse order, leaves nothing running, and a second stop is harmless', async () => {
    said.length = 0;
    const ports = Object.values(stack.adminUrls).map((url) => Number(new URL(url).port));
    await Promise.all([stack.stop(), stack.stop()]);
    assert.deepEqual(
      said.map((line) => line.split(' ')[1]),
      [
        'sagacoordinator',
        'querymodelworker',
        'reviewworker',
        'paymentworker-2',
        'paymentworker',
        'ordersvc',
        'eventstoresvc',
      ],
    );
    for (const port of ports) assert.equal(await portInUse(port), false);
    assert.deepEqual(await readdir(join(dataDir, 'run')), []);
  });

  it('starts again on the same data', async () => {
    stack = await startStack(options);
    await stack.stop();
  });

  it('a failing bootstrapper is one problem with its last word, and nothing is left', async () => {
    const servicesDir = await serviceFolder(
      `console.log('{"level":50,"msg":"no permission to create databases"}'); process.exit(1)`,
    );
    await assert.rejects(
      startStack({ ...options, servicesDir }),
      (error) =>
        error instanceof SetupProblem &&
        /bootstrapper failed \(exit code 1\): no permission/.test(error.message),
    );
    assert.deepEqual(await readdir(join(dataDir, 'run')), []);
  });

  it('a start that is given up leaves nothing', async () => {
    const giveUp = new AbortController();
    const say: StackOptions['say'] = (_, name) => name === 'bootstrapper' && giveUp.abort();
    await assert.rejects(startStack({ ...options, say, signal: giveUp.signal }), {
      name: 'AbortError',
    });
    assert.deepEqual(await readdir(join(dataDir, 'run')), []);
  });

  describe('on a busy machine', () => {
    let own: string;
    beforeEach(async () => {
      own = join(await testFolder(), 'data');
    });
    const made = `console.log('{"level":30,"msg":"made"}')`;

    it('waits for a service as long as it works, and tells who is waited for', async () => {
      // It has half a processor, and says nothing before it is ready.
      const slow = `
        const end = performance.now() + 4_000;
        const work = setInterval(() => {
          const now = performance.now();
          while (performance.now() - now < 50);
          if (now < end) return;
          clearInterval(work);
          ${service}
        }, 100);`;
      said.length = 0;
      const one = await startStack({
        ...options,
        dataDir: own,
        instances: {},
        services: ['reviewworker'],
        servicesDir: await serviceFolder(made, slow),
        stillMs: 600,
      });
      await one.stop();
      assert.ok(
        said.some((line) => line.startsWith('note reviewworker still starting after 0.6 s')),
      );
      assert.deepEqual(
        said.filter((line) => line.startsWith('trouble')),
        [],
      );
    });

    it('ends a service that stands still, waits longer each time, and says why in the end', async () => {
      const waiting = `
        require('node:http')
          .createServer((request, response) => {
            response.statusCode = 503;
            response.end('{"status":"not ready","reasons":["nats: no broker answers"]}');
          })
          .listen(Number(process.env.ADMIN_PORT), '127.0.0.1');`;
      said.length = 0;
      const problem = await startStack({
        ...options,
        dataDir: own,
        instances: {},
        services: ['reviewworker'],
        servicesDir: await serviceFolder(made, waiting),
        stillMs: 1_000,
      }).catch((error) => error);
      assert.ok(problem instanceof SetupProblem);
      assert.equal(problem.message, 'reviewworker is not ready, and made no progress for 1 s');
      assert.equal(problem.remedy, 'it says: nats: no broker answers');
      const waits = said.flatMap(
        (line) => /did not start: .* again in (\d+) ms$/.exec(line)?.[1] ?? [],
      );
      assert.equal(waits.length, 5, said.join('\n'));
      assert.deepEqual(
        waits.map(Number),
        waits.map(Number).toSorted((a, b) => a - b),
      );
      assert.deepEqual(await readdir(join(own, 'run')), []);
    });
  });
});
