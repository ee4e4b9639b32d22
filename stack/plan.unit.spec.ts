import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cells, root } from '../docs/markdown.ts';
import { makePlan } from './plan.ts';
import { SetupProblem } from './problem.ts';
import { services } from './services.ts';

const standard = { ports: 'standard', zipkin: true, own: {} } as const;
const urls = {
  EVENTSTORE_DATABASE_URL: 'postgres://mine/a',
  ORDERS_DATABASE_URL: 'postgres://mine/b',
  PAYMENTS_DATABASE_URL: 'postgres://mine/c',
  SAGA_DATABASE_URL: 'postgres://mine/d',
};

const node = (port: number, monitorPort: number) => ({
  name: 'NATS',
  port,
  monitorPort,
  clusterPort: undefined,
});

/** The ports that README gives each process: its own, and the admin port. */
const documented = new Map(
  readFileSync(join(root, 'README.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map(cells)
    .flatMap(([what = '', port = '', admins = '']) => {
      const names = what.replace(/:.*/, '').split(', ');
      const own = port === '' ? undefined : Number(port);
      return names.map((name, n) => [name, [own, Number(admins.split(', ')[n])]] as const);
    }),
);

/** As README says. */
const FIRST_ADMIN_PORT = 9100;

describe('makePlan', () => {
  it('has the documented ports', async () => {
    const plan = await makePlan(standard);
    assert.deepEqual(
      plan.instances.map(({ name, port, adminPort }) => [name, port, adminPort]),
      services.map(({ name }) => [name, ...(documented.get(name) ?? [])]),
    );
    assert.equal(plan.instances.find(({ name }) => name === 'eventstoresvc')?.port, 50051);
    assert.equal(plan.instances.find(({ name }) => name === 'ordersvc')?.port, 3000);
    assert.equal(plan.instances[0]?.adminPort, FIRST_ADMIN_PORT);
    assert.equal(plan.sqlPort, 26257);
    assert.deepEqual(plan.nats, [node(4222, 8222)]);
    assert.equal(plan.zipkinEndpoint, 'http://127.0.0.1:9411/api/v2/spans');
    assert.equal(plan.addresses.EVENTSTORE_ADDRESS, '127.0.0.1:50051');
    assert.match(plan.addresses.ORDERS_DATABASE_URL, /127\.0\.0\.1:26257\/ordersdb\?/);
  });

  it('has a database of the customers’ keys where their texts are sealed, and only there', async () => {
    const address = async (own: NodeJS.ProcessEnv) => {
      const plan = await makePlan({ ...standard, own });
      return [plan.personalData, plan.addresses.PERSONAL_DATABASE_URL, plan.sqlPort];
    };
    const mine = { ...urls, PERSONAL_DATABASE_URL: 'postgres://mine/e' };
    const sealed = { PERSONAL_DATA: 'sealed' };
    assert.deepEqual(await address(urls), ['plain', '', undefined]);
    assert.deepEqual(await address({ ...mine, ...sealed }), [
      'sealed',
      'postgres://mine/e',
      undefined,
    ]);
    const [form, url, port] = await address({ BIND_ADDRESS: '0.0.0.0' });
    assert.deepEqual([form, port], ['sealed', 26257]);
    assert.match(String(url), /127\.0\.0\.1:26257\/personaldb(\?|$)/);
    assert.equal((await address({ ...urls, ...sealed }))[2], 26257);
    // ordersvc refuses it, and is told.
    assert.equal((await address({ PERSONAL_DATA: 'seald' }))[0], 'seald');
  });

  it('a free plan shares no port with another, nor with itself', async () => {
    const plan = await makePlan({ ...standard, ports: 'free', instances: { paymentworker: 2 } });
    const ports = [
      plan.sqlPort,
      ...(plan.nats ?? []).flatMap(({ port, monitorPort }) => [port, monitorPort]),
      plan.zipkinPort,
      ...plan.instances.flatMap(({ port, adminPort }) => [port, adminPort]),
    ].filter((port) => port !== undefined);
    assert.equal(new Set(ports).size, ports.length);
    // What watches the others is part of it only where it is named.
    const parts = services.filter(({ watches }) => !watches);
    const serving = parts.filter(({ serves }) => serves !== undefined);
    assert.equal(ports.length, 4 + parts.length + serving.length + 1);
  });

  it('three servers of NATS know each other, and services are told all three', async () => {
    const { nats = [], addresses } = await makePlan({ ...standard, natsNodes: 3 });
    assert.deepEqual(
      nats.map(({ name }) => name),
      ['NATS', 'NATS-2', 'NATS-3'],
    );
    assert.deepEqual([nats[0]?.port, nats[0]?.monitorPort], [4222, 8222]);
    const ports = nats.flatMap((one) => [one.port, one.monitorPort, one.clusterPort]);
    assert.equal(new Set(ports.filter((port) => port !== undefined)).size, 9);
    assert.deepEqual(
      addresses.NATS_URL.split(',').map((address) => new URL(address).host),
      nats.map(({ port }) => `127.0.0.1:${port}`),
    );
  });

  it('a further instance has a name and a port of its own', async () => {
    const plan = await makePlan({ ...standard, instances: { paymentworker: 2 } });
    const workers = plan.instances.filter(({ row }) => row.name === 'paymentworker');
    assert.deepEqual(
      workers.map(({ name }) => name),
      ['paymentworker', 'paymentworker-2'],
    );
    assert.equal(workers[0]?.adminPort, 9102);
    assert.notEqual(workers[1]?.adminPort, 9102);
  });

  it('services are told each process of the event store, or the one of the user', async () => {
    const two = { ...standard, instances: { eventstoresvc: 2 } };
    const { addresses, instances } = await makePlan(two);
    const stores = instances.filter(({ row }) => row.name === 'eventstoresvc');
    assert.equal(addresses.EVENTSTORE_ADDRESS, `127.0.0.1:50051,127.0.0.1:${stores[1]?.port}`);
    const own = await makePlan({ ...two, own: { EVENTSTORE_ADDRESS: 'a:1,b:1' } });
    assert.equal(own.addresses.EVENTSTORE_ADDRESS, 'a:1,b:1');
  });

  it('gives each service a process, or has the workers share one, which further instances do not', async () => {
    const own = await makePlan(standard);
    assert.deepEqual(
      own.processes.map(({ name }) => name),
      services.map(({ name }) => name),
    );
    // Named, because CONTRIBUTING tells how to add further ones.
    const workers = ['paymentworker', 'reviewworker', 'querymodelworker', 'sagacoordinator'];
    const few = await makePlan({
      ...standard,
      services: ['eventstoresvc', 'ordersvc', ...workers],
      processes: 'few',
      instances: { paymentworker: 2 },
    });
    assert.deepEqual(
      few.processes.map(({ name, instances }) => [name, instances.map((one) => one.name)]),
      [
        ['eventstoresvc', ['eventstoresvc']],
        ['ordersvc', ['ordersvc']],
        ['workers', workers],
        ['paymentworker-2', ['paymentworker-2']],
      ],
    );
    assert.deepEqual(
      few.instances.slice(0, 2).map(({ adminPort }) => adminPort),
      own.instances.slice(0, 2).map(({ adminPort }) => adminPort),
    );
    const alone = { ...standard, processes: 'few', services: ['reviewworker'] } as const;
    assert.equal((await makePlan(alone)).processes[0]?.name, 'reviewworker');
  });

  it("starts no server for which the user's variable is set", async () => {
    const plan = await makePlan({
      ...standard,
      own: {
        ...urls,
        NATS_URL: 'nats://mine:1',
        EVENTSTORE_ADDRESS: 'mine:2',
        OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://mine:3/api/v2/spans',
      },
    });
    assert.deepEqual([plan.sqlPort, plan.nats, plan.zipkinPort], [undefined, undefined, undefined]);
    assert.deepEqual(plan.addresses, {
      ...urls,
      PERSONAL_DATABASE_URL: '',
      NATS_URL: 'nats://mine:1',
      EVENTSTORE_ADDRESS: 'mine:2',
    });
    assert.equal(plan.zipkinEndpoint, 'http://mine:3/api/v2/spans');
    assert.ok(!plan.instances.some(({ name }) => name === 'eventstoresvc'));
  });

  it('starts no server for a page or an ordersvc that is named, and sends spans to that page', async () => {
    const own = { ZIPKIN_URL: 'http://mine:3/', ORDERS_URL: 'http://mine:4' };
    const plan = await makePlan({ ...standard, own });
    assert.equal(plan.zipkinPort, undefined);
    assert.equal(plan.zipkinEndpoint, 'http://mine:3/api/v2/spans');
    assert.equal(plan.zipkinUrl, 'http://mine:3');
    assert.equal(plan.ordersUrl, 'http://mine:4');
    assert.ok(!plan.instances.some(({ name }) => name === 'ordersvc'));
  });

  it('starts no Zipkin for spans that go to a receiver of the user', async () => {
    const own = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://mine:3/x' };
    const plan = await makePlan({ ...standard, own });
    assert.deepEqual(
      [plan.otlp, plan.zipkinPort, plan.zipkinEndpoint],
      [true, undefined, undefined],
    );
  });

  it("uses the user's databases and starts a server for the rest", async () => {
    const { EVENTSTORE_DATABASE_URL } = urls;
    const plan = await makePlan({ ...standard, own: { EVENTSTORE_DATABASE_URL } });
    assert.equal(plan.sqlPort, 26257);
    assert.equal(plan.addresses.EVENTSTORE_DATABASE_URL, EVENTSTORE_DATABASE_URL);
    assert.match(plan.addresses.PAYMENTS_DATABASE_URL, /26257\/paymentsdb\?/);
  });

  it('names a service that does not exist, and those that do', async () => {
    await assert.rejects(
      makePlan({ ...standard, services: ['ordersvc', 'orderservice'] }),
      (error) =>
        error instanceof SetupProblem &&
        /no service orderservice$/.test(error.message) &&
        /querymodelworker/.test(error.remedy),
    );
  });

  it('HTTP_PORT moves ordersvc, and must be a port', async () => {
    const plan = await makePlan({ ...standard, own: { HTTP_PORT: '3001' } });
    assert.equal(plan.instances.find(({ name }) => name === 'ordersvc')?.port, 3001);
    await assert.rejects(makePlan({ ...standard, own: { HTTP_PORT: 'web' } }), /HTTP_PORT=web/);
  });
});

describe('the ports of make start', () => {
  it('can each be named; ADMIN_PORT is the first of the admin ports', async () => {
    const plan = await makePlan({
      ...standard,
      own: {
        GRPC_PORT: '1',
        SQL_PORT: '2',
        NATS_PORT: '3',
        NATS_MONITOR_PORT: '4',
        ZIPKIN_PORT: '5',
        ADMIN_PORT: '10',
      },
    });
    assert.equal(plan.addresses.EVENTSTORE_ADDRESS, '127.0.0.1:1');
    assert.equal(plan.sqlPort, 2);
    assert.match(plan.addresses.ORDERS_DATABASE_URL, /:2\/ordersdb\?/);
    assert.deepEqual(plan.nats, [node(3, 4)]);
    assert.match(plan.addresses.NATS_URL, /@127\.0\.0\.1:3\?/);
    assert.equal(plan.zipkinEndpoint, 'http://127.0.0.1:5/api/v2/spans');
    assert.deepEqual(
      plan.instances.map(({ adminPort }) => adminPort),
      services.map(({ adminPort = 0 }) => 10 + adminPort - FIRST_ADMIN_PORT),
    );
  });

  it('leave room for all admin ports', async () => {
    const at = (port: number) => makePlan({ ...standard, own: { ADMIN_PORT: `${port}` } });
    const adminPorts = services.map(({ adminPort = 0 }) => adminPort);
    const last = 65_535 - (Math.max(...adminPorts) - FIRST_ADMIN_PORT);
    const planned = (await at(last)).instances.map(({ adminPort }) => adminPort ?? 0);
    assert.equal(Math.max(...planned), 65_535);
    await assert.rejects(
      at(last + 1),
      (error) => error instanceof SetupProblem && error.remedy.endsWith(` 1 to ${last}`),
    );
  });

  it('are digits and nothing else, as the services read them', async () => {
    for (const SQL_PORT of ['0x10', '1e3', '80.0', '+80', '-1', '0', 'many']) {
      await assert.rejects(
        makePlan({ ...standard, own: { SQL_PORT } }),
        new RegExp(`SQL_PORT=${SQL_PORT.replace(/[.+]/g, '\\$&')} is not a port`),
      );
    }
    assert.equal((await makePlan({ ...standard, own: { SQL_PORT: ' 80 ' } })).sqlPort, 80);
  });

  it('are the same for a part of the services', async () => {
    const plan = await makePlan({ ...standard, services: ['reviewworker'] });
    assert.equal(plan.instances[0]?.adminPort, 9103);
  });

  it('an address of Zipkin must be one, before anything is started', async () => {
    const own = { OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'there' };
    await assert.rejects(makePlan({ ...standard, own }), /ENDPOINT=there is not an address/);
    for (const variable of ['ZIPKIN_URL', 'ORDERS_URL']) {
      const wrong = makePlan({ ...standard, own: { [variable]: 'nats://there' } });
      await assert.rejects(wrong, new RegExp(`${variable}=nats://there is not an address`));
    }
  });
});
