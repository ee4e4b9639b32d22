/** What `make start` starts, `npx ordersctl`, the bench and the demo find by the same variables. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readOptions } from '../bench/orders/options.ts';
import { type AddressVariable, addressOf } from '../cli/addresses.ts';
import { UsageError } from '../cli/option.ts';
import { zipkinUrl } from '../cli/settings.ts';
import { credentialsFolder } from '../shared/credentials/credentials-folder.ts';
import { usesOf, writeNatsConf } from '../shared/credentials/nats-keys.ts';
import { makePasswords } from './credentials/sql-logins.ts';
import { makePlan } from './plan.ts';
import { testFolder } from './testing.ts';

let dataDir: string;

const ports = {
  HTTP_PORT: '13000',
  GRPC_PORT: '13051',
  SQL_PORT: '13257',
  NATS_PORT: '13222',
  ZIPKIN_PORT: '13411',
};
const servers = {
  EVENTSTORE_ADDRESS: 'store.example:1',
  NATS_URL: 'nats://nats.example:2',
  ORDERS_DATABASE_URL: 'postgres://me@sql.example:3/mine',
};

/** What `make start` with these variables serves, by the names that the tools know. */
async function started(own: NodeJS.ProcessEnv): Promise<Record<AddressVariable, string>> {
  const plan = await makePlan({ ports: 'standard', zipkin: true, own, dataDir });
  const http = plan.instances.find(({ row }) => row.serves?.variable === 'HTTP_PORT');
  return {
    ...plan.addresses,
    ORDERS_URL: plan.ordersUrl ?? `http://127.0.0.1:${http?.port}`,
    ZIPKIN_URL: plan.zipkinUrl ?? '',
  };
}

describe('the tools without options', () => {
  const names = [
    ...['HTTP_PORT', 'GRPC_PORT', 'SQL_PORT', 'NATS_PORT', 'ZIPKIN_PORT', 'ADMIN_PORT'],
    ...['ORDERS_URL', 'EVENTSTORE_ADDRESS', 'NATS_URL', 'ZIPKIN_URL'],
    ...['EVENTSTORE_DATABASE_URL', 'ORDERS_DATABASE_URL', 'PAYMENTS_DATABASE_URL'],
    'SAGA_DATABASE_URL',
    'OTEL_EXPORTER_ZIPKIN_ENDPOINT',
    'STACK_DATA_DIR',
  ];
  const saved = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  const set = (variables: NodeJS.ProcessEnv) => {
    for (const name of names) delete process.env[name];
    Object.assign(process.env, { STACK_DATA_DIR: dataDir, ...variables });
  };
  before(async () => {
    dataDir = await testFolder();
    const credentials = credentialsFolder(join(dataDir, 'credentials'));
    makePasswords(credentials);
    const file = join(dataDir, 'nats.conf');
    writeNatsConf({ credentials, uses: usesOf([]), streams: [], file });
  });
  afterEach(() => {
    for (const name of names) delete process.env[name];
    const were = Object.entries(saved).filter(([, value]) => value !== undefined);
    Object.assign(process.env, Object.fromEntries(were));
  });

  for (const [what, own] of [
    ['without variables', {}],
    ['with ports', ports],
    ['with servers of the user’s', servers],
    ['with both', { ...ports, ...servers }],
    [
      'with a Zipkin elsewhere',
      { OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://z.example:5/api/v2/spans' },
    ],
    ['with its page elsewhere', { ...ports, ZIPKIN_URL: 'http://z.example:6/' }],
    [
      'with spans here and a page there',
      {
        OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://z.example:5/api/v2/spans',
        ZIPKIN_URL: 'http://page.example/under',
      },
    ],
    ['with an ordersvc elsewhere', { ...ports, ORDERS_URL: 'http://orders.example:7' }],
    [
      'with addresses that are blank',
      { ...ports, ORDERS_URL: ' ', NATS_URL: '', EVENTSTORE_ADDRESS: ' ', ZIPKIN_URL: ' ' },
    ],
    [
      'with blanks around them',
      { NATS_URL: ' nats://nats.example:2 ', ZIPKIN_URL: ' http://z:6 ' },
    ],
  ] as const) {
    it(`find what make start starts ${what}`, async () => {
      set(own);
      const there = await started(own);
      const variables = [
        ...(['ORDERS_URL', 'EVENTSTORE_ADDRESS', 'NATS_URL', 'EVENTSTORE_DATABASE_URL'] as const),
        ...(['ORDERS_DATABASE_URL', 'PAYMENTS_DATABASE_URL', 'SAGA_DATABASE_URL'] as const),
      ];
      for (const variable of variables) assert.equal(addressOf(variable), there[variable]);
      assert.equal(zipkinUrl(), there.ZIPKIN_URL);
      const { running } = readOptions(['--running']);
      assert.ok(running);
      const { url, books } = running;
      const { eventStoreTls: _made, ...found } = books;
      assert.deepEqual(
        { url, ...found },
        {
          url: there.ORDERS_URL,
          eventStore: there.EVENTSTORE_ADDRESS,
          natsUrl: there.NATS_URL,
          eventStoreDatabaseUrl: there.EVENTSTORE_DATABASE_URL,
          ordersDatabaseUrl: there.ORDERS_DATABASE_URL,
          paymentsDatabaseUrl: there.PAYMENTS_DATABASE_URL,
          sagaDatabaseUrl: there.SAGA_DATABASE_URL,
        },
      );
    });
  }

  it('send no password or key of ours to a server of the user’s', () => {
    set({ SAGA_DATABASE_URL: 'postgres://operator@127.0.0.1:26257/sagadb' });
    assert.equal(addressOf('SAGA_DATABASE_URL'), process.env.SAGA_DATABASE_URL);
    const option = { name: '--database', value: 'postgres://operator@sql.example/sagadb' };
    assert.equal(addressOf('SAGA_DATABASE_URL', option), option.value);
  });

  it('go without where make start has made none', async () => {
    set({ STACK_DATA_DIR: await testFolder() });
    assert.equal(addressOf('SAGA_DATABASE_URL'), 'postgres://operator@127.0.0.1:26257/sagadb');
    assert.equal(addressOf('NATS_URL'), 'nats://127.0.0.1:4222');
  });

  it('say which variable is no port, but not of one that is not used', () => {
    set({ HTTP_PORT: 'many', ORDERS_URL: 'http://orders.example' });
    assert.equal(addressOf('ORDERS_URL'), 'http://orders.example');
    set({ HTTP_PORT: '0' });
    assert.throws(
      () => addressOf('ORDERS_URL'),
      (error) => error instanceof UsageError && /^HTTP_PORT: .*1 to 65535$/.test(error.message),
    );
  });
});
