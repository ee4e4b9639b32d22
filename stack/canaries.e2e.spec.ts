/**
 * A canary in every secret: what the settings of services hold, and all that the stack has
 * made for itself. Not one of them sings where somebody listens.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { z } from 'zod';
import { durables } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { isSecret } from '../shared/kit/process/setting.ts';
import { openSql } from '../shared/kit/sql/sql-access.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { asOwner } from './credentials/sql-logins.ts';
import { commandLine } from './proc.ts';
import { services } from './services.ts';
import { hasty } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { testFolder } from './testing.ts';

const ctx = background();

/** Of the form that each secret may have. */
const canaryOf = (service: string, setting: string) => `x-bird=canary-${service}-${setting}`;

/** A server that keeps what it is sent, and answers by `answer`. */
async function listener(
  answer: (headers: NodeJS.Dict<string | string[]>) => { status: number; body: string },
) {
  let heard = '';
  const server = createServer(async (request, response) => {
    for await (const chunk of request) heard += chunk;
    const { status, body } = answer(request.headers);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () => heard,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('a secret', function suite() {
  this.timeout(180_000);
  let dataDir: string;
  let stack: OrderStack;
  let zipkin: Awaited<ReturnType<typeof listener>>;
  let gateway: Awaited<ReturnType<typeof listener>>;
  let said = '';
  /** Where each is known, by its text. */
  const canaries = new Map<string, string>();

  before(async () => {
    dataDir = await testFolder();
    zipkin = await listener(() => ({ status: 202, body: '' }));
    // It repeats whatever it is told, as a proxy's page of errors may.
    gateway = await listener(({ authorization }) => ({
      status: 401,
      body: JSON.stringify({
        error: { type: 'invalid_request_error', message: `Not a key: ${authorization}` },
      }),
    }));
    const environment: Record<string, Record<string, string>> = {};
    for (const { name } of services) {
      const { schema } = (await import(`../services/${name}/config.ts`)) as { schema: z.ZodObject };
      const secrets = Object.keys(schema.shape).filter((key) => isSecret(schema.shape[key]));
      // That one lies in a file which the stack makes.
      const own = secrets.filter((key) => key !== 'IDEMPOTENCY_KEY');
      environment[name] = Object.fromEntries(own.map((key) => [key, canaryOf(name, key)]));
      for (const key of own) canaries.set(canaryOf(name, key), name);
    }
    environment.paymentworker = {
      ...environment.paymentworker,
      ...hasty,
      PAYMENT_GATEWAY: 'stripe',
      STRIPE_API_BASE: gateway.url,
      LOG_LEVEL: 'debug',
    };
    environment.ordersvc = { ...environment.ordersvc, LOG_LEVEL: 'debug' };
    stack = await startOrderStack({
      dataDir,
      environment,
      own: { PERSONAL_DATA: 'sealed', OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${zipkin.url}/api/v2/spans` },
    });
    for (const file of globSync('**/*', { cwd: stack.credentialsDir })) {
      const text = /[.](pgpass|nk|key)$|signing-key/.test(file)
        ? readFileSync(join(stack.credentialsDir, file), 'utf8')
        : '';
      const secret = /"d":"([^"]+)"/.exec(text)?.[1] ?? /([\w+/-]{40,})/.exec(text)?.[1];
      if (secret !== undefined) canaries.set(secret, file);
    }
  });
  after(async () => {
    await stack?.stop();
    zipkin?.stop();
    gateway?.stop();
  });

  /** Keeps what is answered. */
  async function ask(url: string, init?: RequestInit): Promise<number> {
    const response = await fetch(url, init);
    said += `${JSON.stringify([...response.headers])}\n${await response.text()}\n`;
    return response.status;
  }

  const heard = (text: string): readonly string[] =>
    [...canaries].filter(([canary]) => text.includes(canary)).map(([, where]) => where);

  it('is there in every kind', () => {
    const kinds = [...canaries.values()].join(' ');
    for (const kind of ['pgpass', '.nk', '.key', 'signing-key', 'idempotency', 'paymentworker']) {
      assert.ok(kinds.includes(kind), `${kind} in ${kinds}`);
    }
    assert.ok([...canaries.keys()].some((canary) => canary.includes('STRIPE_SECRET_KEY')));
  });

  it('is in no answer, letter or span of an order that fails', async () => {
    const api = `${stack.httpUrl}/api/orders`;
    const json = { 'content-type': 'application/json' };
    const order = {
      customer_id: 'ada',
      restaurant_id: 'trattoria',
      order_items: [{ code: 'PZ1', name: 'Pizza', unit_price: 9.5, quantity: 1 }],
    };
    const place = (headers: Record<string, string>, body: object = order) =>
      ask(api, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) });
    assert.equal(await place({ 'idempotency-key': randomUUID() }), 201);
    assert.equal(await place({}, { ...order, order_items: [] }), 422);
    assert.equal(await place({ authorization: 'Bearer x.y.z' }), 401);
    for (const path of ['', '?customer_id=ada', '/no-such-order', '/no-such-order/events']) {
      await ask(`${api}${path}`);
    }
    await ask(`${stack.httpUrl}/openapi.json`);
    for (const admin of Object.values(stack.adminUrls)) {
      for (const path of ['healthz', 'readyz', 'metrics']) await ask(`${admin}/${path}`);
    }
    const letter = await eventually(
      'the debit is given up',
      async () => {
        const filter = { consumer: durables.payment, limit: 10 };
        return (await stack.store.deadLetters(ctx, filter))[0];
      },
      30_000,
    );
    assert.equal(letter.reason, 'payment_gateway_unavailable');
    const text = JSON.stringify(letter, (_key, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    assert.deepEqual(heard(text), [], 'the letter');
    assert.deepEqual(heard(said), [], 'an answer');
    const [, traceId = 'none'] = letter.traceparent.split('-');
    await eventually('spans of the payment', () => zipkin.heard().includes(traceId), 20_000);
    assert.deepEqual(heard(zipkin.heard()), [], 'a span');
  });

  it('is in no line that tells of a server that is away', async () => {
    for (const server of ['NATS', 'PostgreSQL', 'eventstoresvc']) await stack.restart(server);
    await eventually('the logs tell of it', () => {
      const lines = globSync('logs/*', { cwd: dataDir })
        .map((file) => readFileSync(join(dataDir, file), 'utf8'))
        .join('');
      return /NATS/.test(lines) && /database|connection/i.test(lines);
    });
    for (const admin of Object.values(stack.adminUrls)) await ask(`${admin}/readyz`);
    assert.deepEqual(heard(said), []);
  });

  it('is in no file that the stack keeps, but its own', () => {
    const files = globSync('**/*', { cwd: dataDir, withFileTypes: true }).filter(
      (entry) => entry.isFile() && !entry.parentPath.includes('/credentials'),
    );
    assert.ok(files.length > 100, `${files.length} files`);
    assert.ok(files.some(({ name }) => name === 'paymentworker.log'));
    const found: string[] = [];
    for (const { parentPath, name } of files) {
      let bytes: Buffer;
      try {
        bytes = readFileSync(join(parentPath, name));
      } catch {
        // It has gone meanwhile.
        continue;
      }
      for (const [canary, where] of canaries) {
        if (bytes.includes(canary)) found.push(`${where} in ${join(parentPath, name)}`);
      }
    }
    assert.deepEqual(found, []);
  });

  it('is in no row of a database', async () => {
    const urls = Object.entries(stack.addresses).filter(([key]) => key.endsWith('_DATABASE_URL'));
    assert.equal(urls.length, 5);
    for (const [key, url] of urls) {
      const sql = openSql(asOwner(url), { max: 1, onnotice: () => undefined });
      try {
        const tables = await sql<{ name: string }[]>`
          select tablename as name from pg_tables where schemaname = 'public'`;
        for (const { name } of tables) {
          const rows = await sql`select t::text as row from ${sql(name)} t`;
          assert.deepEqual(heard(JSON.stringify(rows)), [], `${key}: ${name}`);
        }
      } finally {
        await sql.end({ timeout: 5 });
      }
    }
  });

  it('is in the environment of no other process, and in nobody’s command line', () => {
    const names = [...stack.processes, 'PostgreSQL', 'NATS'];
    assert.equal(names.length, 8);
    for (const name of names) {
      const { pid = 0 } = stack.unit(name).process ?? {};
      const command = commandLine(pid).join(' ');
      assert.deepEqual(heard(command), [], command);
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const others = heard(environment).filter((where) => !command.includes(where));
      assert.deepEqual(others, [], command);
    }
  });
});
