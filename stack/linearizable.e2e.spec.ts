/**
 * Several processes over one log act like one that does one thing at a time:
 * what clients were told, while connections are cut and stalled and processes are
 * killed and frozen, is judged by porcupine, which knows nothing of the product.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { orderEventCodec } from '../shared/contracts/events.ts';
import { secretOrderIdFor } from '../shared/contracts/order-id.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import type { EventStore } from '../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../shared/eventstore/grpc/grpc-event-store.ts';
import { background, withTimeLeft } from '../shared/kit/context.ts';
import { isKind } from '../shared/kit/errors.ts';
import { silentLogger } from '../shared/kit/logger.ts';
import type { Component } from '../shared/kit/process/lifecycle.ts';
import { Secret } from '../shared/kit/process/secret.ts';
import { minor } from '../shared/money/money.ts';
import { TESTER, testerRights } from './credentials/testing/tester.ts';
import { type FaultyWire, faultyWire } from './faulty-wire.ts';
import { harm } from './linearizable/harm.ts';
import { createHistory, type History, type Outcome } from './linearizable/history.ts';
import { type Judge, porcupine } from './linearizable/judge.ts';
import { type Stack, startStack } from './stack.ts';
import { testFolder, testPostgres } from './testing.ts';

/** How long clients ask while harm is done, at least: long enough for each harm once. */
const ASK_MS = 12_000;
/** And at most, until enough was answered: a busy machine answers less. */
const MOST_MS = 60_000;
const ENOUGH = 60;
const CLIENTS = 6;
/** So many aggregates at a time; a second later it is others, so that each history stays short. */
const KEYS = 6;
const CALL_MS = 2_500;

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;
const certain = ({ operations }: History) =>
  operations.filter(({ outcome }) => outcome !== 'unknown');
const chance = (p: number) => Math.random() < p;

describe('a history of several processes', function () {
  this.timeout(180_000);
  let judge: Judge;
  let stack: Stack | undefined;
  let closing: (() => Promise<void>)[] = [];

  before(async function () {
    const built = await porcupine((why) => console.log(`      skipped: ${why}`));
    if (built === undefined) this.skip();
    else judge = built;
  });
  afterEach(async () => {
    await Promise.all(closing.map((close) => close()));
    closing = [];
    await stack?.stop();
  });

  async function wired(port: number): Promise<FaultyWire> {
    const wire = await faultyWire({ target: { port } });
    closing.push(wire.stop);
    return wire;
  }

  function client(address: string): EventStore & Component {
    const store = createGrpcEventStore({
      address,
      stream: ORDERS_STREAM,
      timeoutMs: CALL_MS,
      logger: silentLogger,
      tls: stack?.eventStoreTls(TESTER),
    });
    closing.push(async () => store.stop?.());
    return store;
  }

  /** A PostgreSQL of ours behind a wire, for the variables of the stack. */
  async function behindWire() {
    const { createDatabase } = await testPostgres();
    const urls = await Promise.all(Array.from({ length: 4 }, createDatabase));
    const [events = '', orders = '', payments = '', saga = ''] = urls;
    const wire = await wired(Number(new URL(events).port));
    const through = (url: string) => {
      const address = new URL(url);
      address.hostname = '127.0.0.1';
      address.port = String(wire.port);
      return address.href;
    };
    return {
      wire,
      own: {
        EVENTSTORE_DATABASE_URL: through(events),
        ORDERS_DATABASE_URL: through(orders),
        PAYMENTS_DATABASE_URL: payments,
        SAGA_DATABASE_URL: saga,
      },
    };
  }

  /** Clients ask side by side until the time is up, while harm is done. */
  async function ask(
    history: History,
    harms: readonly (() => Promise<void>)[],
    one: (client: number, key: () => string) => Promise<unknown>,
  ): Promise<void> {
    const ended = new AbortController();
    const doing = harm(harms, ended.signal);
    const began = performance.now();
    const goesOn = (ms: number) =>
      ms < ASK_MS || (ms < MOST_MS && certain(history).length < ENOUGH);
    const key = () =>
      `${Math.floor((performance.now() - began) / 1_000)}-${Math.floor(Math.random() * KEYS)}`;
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, n) => {
        while (goesOn(performance.now() - began)) await one(n, key);
      }),
    );
    ended.abort();
    await doing;
  }

  const frozen = (name: string, ms: number) => async () => {
    stack?.kill(name, 'SIGSTOP');
    await delay(ms);
    stack?.kill(name, 'SIGCONT');
  };
  const killed = (name: string) => async () => stack?.kill(name);
  const stalled = (wire: FaultyWire, ms: number) => async () => {
    // Once the clients have stopped, so many bytes may never come.
    await Promise.race([wire.stall({ afterBytes: 500 }), delay(3_000)]);
    await delay(ms);
    wire.pass();
  };
  const slow = (wire: FaultyWire, ms: number) => async () => {
    wire.delay(ms);
    await delay(1_000);
    wire.pass();
  };

  async function judged(history: History): Promise<void> {
    const { operations } = history;
    const { verdict, keys } = await judge(operations);
    const shown = operations.filter(({ key }) => keys.includes(key));
    assert.equal(
      verdict,
      'ok',
      `judged ${verdict}: ${shown.map((one) => JSON.stringify(one)).join('\n')}`,
    );
    const answered = certain(history).length;
    assert.ok(answered >= ENOUGH, `${answered} of ${operations.length} were answered`);
  }

  it('of two event stores on one log: appends, repeats, conflicts and readings are of one log', async () => {
    const sql = await behindWire();
    stack = await startStack({
      rights: testerRights,
      dataDir: await testFolder(),
      durable: false,
      zipkin: false,
      services: ['eventstoresvc'],
      instances: { eventstoresvc: 2 },
      own: sql.own,
    });
    const [one, two] = [stack.ports.eventstoresvc ?? 0, stack.ports['eventstoresvc-2'] ?? 0];
    const wires = [await wired(one), await wired(two)] as const;
    const stores = wires.map(({ address }) => client(address));
    const history = createHistory();
    const versions = new Map<string, number>();
    const repeats: { key: string; id: string; expected: number }[] = [];
    const ctx = () => withTimeLeft(background(), CALL_MS);

    async function append(who: number, key: string, id: string, expected: number) {
      const event = {
        eventId: `${key} ${id}`,
        eventType: `${ORDERS_STREAM}.created`,
        aggregateId: key,
        aggregateType: 'linear',
        data: '{}',
        metadata: {},
      };
      const about = { client: who, key, kind: 'append', id, expected } as const;
      const told = await history.record(about, async (): Promise<Outcome> => {
        try {
          const wanted = expected < 0 ? undefined : BigInt(expected);
          const { version } = await pick(stores).append(ctx(), {
            events: [event],
            expectedVersion: wanted,
          });
          return { outcome: 'done', version: Number(version) };
        } catch (error) {
          if (isKind(error, 'conflict')) return { outcome: 'conflict' };
          throw error;
        }
      });
      if (told.outcome === 'unknown') repeats.push({ key, id, expected });
      if (told.version !== undefined) versions.set(key, told.version);
    }
    const read = (who: number, key: string) =>
      history.record({ client: who, key, kind: 'read' }, async () => {
        const events = await pick(stores).readAggregate(ctx(), {
          aggregateType: 'linear',
          aggregateId: key,
        });
        const ids = events.map(({ eventId }) => eventId.slice(key.length + 1));
        return { outcome: 'done', ids };
      });

    await ask(
      history,
      [
        async () => wires[0].cut(),
        slow(sql.wire, 60),
        killed('eventstoresvc'),
        stalled(wires[1], 2_000),
        async () => sql.wire.cut(),
        frozen('eventstoresvc-2', 2_000),
        stalled(sql.wire, 1_500),
      ],
      async (who, key) => {
        const known = repeats.splice(0, chance(0.5) ? 1 : 0)[0];
        if (known !== undefined) return append(who, known.key, known.id, known.expected);
        const at = key();
        if (chance(0.4)) return read(who, at);
        const expected = chance(0.3) ? -1 : (versions.get(at) ?? 0);
        return append(who, at, randomUUID().slice(0, 8), expected);
      },
    );
    await judged(history);
  });

  it('of two ordersvc: keys, decisions, min_version and what one wrote are of one log', async () => {
    const sql = await behindWire();
    stack = await startStack({
      rights: testerRights,
      dataDir: await testFolder(),
      durable: false,
      zipkin: false,
      services: ['eventstoresvc', 'ordersvc', 'querymodelworker'],
      instances: { ordersvc: 2 },
      own: sql.own,
    });
    const ports = [stack.ports.ordersvc ?? 0, stack.ports['ordersvc-2'] ?? 0];
    const store = client(stack.addresses.EVENTSTORE_ADDRESS);
    const history = createHistory();
    const versions = new Map<string, number>();
    const codec = orderEventCodec(2);
    const run = randomUUID();
    const secret = Secret.inFile(join(stack.credentialsDir, 'http', 'idempotency.key'));
    const orderIdFor = secretOrderIdFor(() => secret.reveal());
    const idOf = (key: string) => orderIdFor(`ada-${run}`, key);

    async function http(method: string, path: string, headers: object = {}, body?: object) {
      const response = await fetch(`http://127.0.0.1:${pick(ports)}/api/orders${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(2 * CALL_MS),
      });
      await response.text();
      const version = Number(response.headers.get('etag')?.replaceAll('"', ''));
      return { status: response.status, version };
    }
    const items = [{ code: 'P', name: 'Pizza', unit_price: 9.5, quantity: 1 }];

    const place = (who: number, key: string) =>
      history.record(
        { client: who, key, kind: 'append', id: 'created', expected: 0 },
        async (): Promise<Outcome> => {
          const { status, version } = await http(
            'POST',
            '',
            { 'idempotency-key': key },
            { customer_id: `ada-${run}`, restaurant_id: 'trattoria', order_items: items },
          );
          return status === 201 ? { outcome: 'done', version } : { outcome: 'unknown' };
        },
      );
    const pay = (who: number, key: string) =>
      history.record(
        { client: who, key, kind: 'append', id: 'paid', expected: -1 },
        async (): Promise<Outcome> => {
          const orderId = idOf(key);
          const fact = {
            type: 'paymentdebited',
            orderId,
            customerId: `ada-${run}`,
            amount: minor(950),
            paymentId: 'p',
          } as const;
          const event = {
            ...codec.encode(fact),
            eventId: `paid ${orderId}`,
            aggregateId: orderId,
            aggregateType: ORDER_AGGREGATE,
            metadata: {},
          };
          const { version } = await store.append(background(), { events: [event] });
          return { outcome: 'done', version: Number(version) };
        },
      );
    const cancel = (who: number, key: string) =>
      history.record(
        { client: who, key, kind: 'end', id: 'cancelled' },
        async (): Promise<Outcome> => {
          const { status, version } = await http('POST', `/${idOf(key)}/cancel`);
          if (status === 404) return { outcome: 'absent' };
          return status === 200 ? { outcome: 'done', version } : { outcome: 'unknown' };
        },
      );
    const get = (who: number, key: string, least: number) =>
      history.record(
        { client: who, key, kind: 'get', expected: Math.max(1, least) },
        async (): Promise<Outcome> => {
          const { status, version } = await http('GET', `/${idOf(key)}?min_version=${least}`);
          if (status === 404 || status === 412) return { outcome: 'behind' };
          return status === 200 ? { outcome: 'done', version } : { outcome: 'unknown' };
        },
      );

    await ask(
      history,
      [
        killed('ordersvc'),
        slow(sql.wire, 60),
        frozen('ordersvc-2', 1_500),
        killed('eventstoresvc'),
        async () => sql.wire.cut(),
        killed('querymodelworker'),
        stalled(sql.wire, 1_500),
      ],
      async (who, key) => {
        const at = key();
        const known = versions.get(at) ?? 0;
        const { version } = await (known === 0 || chance(0.2)
          ? place(who, at)
          : chance(0.15)
            ? pay(who, at)
            : chance(0.15)
              ? cancel(who, at)
              : get(who, at, known + (chance(0.1) ? 1 : 0)));
        if (version !== undefined && version > known) versions.set(at, version);
      },
    );
    await judged(history);
  });
});
