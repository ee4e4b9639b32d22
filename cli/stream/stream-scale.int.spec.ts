/** Three real servers: the copies of a stream that is used become more, and fewer. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { durables, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { ensureDurable, jetstreamManager } from '../../shared/kit/transport/jetstream/durable.ts';
import {
  ensureStream,
  remakeStream,
} from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { type Nats, startNats } from '../../stack/nats.ts';
import { freePorts } from '../../stack/ports.ts';
import { testFolder, testNats } from '../../stack/testing.ts';

const main = resolve(import.meta.dirname, '../main.ts');
const options = { name: ORDERS_STREAM, subjects: [`${ORDERS_STREAM}.*`], replicas: 1 };
/** Enough that a new copy is not filled in a moment. */
const FIRST = 3_000;
const TEXT = 'x'.repeat(2_000);

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ordersctl(natsUrl: string, ...args: readonly string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [main, 'stream', ...args],
      { env: { PATH: process.env.PATH, NATS_URL: natsUrl }, timeout: 120_000 },
      (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}

interface Shown {
  readonly replicas_before?: number;
  readonly replicas: number;
  readonly leader: string | null;
  readonly messages: number;
  readonly copies: readonly { readonly server: string; readonly current: boolean }[];
  readonly durables: readonly { readonly durable: string; readonly replicas: number }[];
}

describe('the copies of a stream on three servers', function suite() {
  this.timeout(120_000);
  let folder: string;
  let ports: readonly number[];
  let clusterPorts: readonly number[];
  let servers: Nats[];
  let urls: string;
  let connection: NatsConnection;
  /** Bodies that were acknowledged, at their sequence. */
  const stored: string[] = [];

  const start = (index: number): Promise<Nats> =>
    startNats({
      dataDir: join(folder, String(index)),
      name: `N${index}`,
      ...(ports[index] !== undefined && { port: ports[index] }),
      cluster: {
        port: clusterPorts[index] ?? 0,
        others: clusterPorts.filter((_, other) => other !== index),
      },
    });

  before(async () => {
    folder = await testFolder();
    const free = await freePorts(6);
    [ports, clusterPorts] = [free.slice(0, 3), free.slice(3)];
    servers = await Promise.all([0, 1, 2].map(start));
    urls = servers.map(({ url }) => url).join(',');
    connection = await connect({
      servers: servers.map(({ url }) => url),
      maxReconnectAttempts: -1,
      reconnectDelayHandler: () => 100,
    });
    await eventually('a stream', () => ensureStream(connection, options), 30_000);
    await ensureDurable(
      await jetstreamManager(connection),
      {
        stream: ORDERS_STREAM,
        durable: durables.payment,
        filterSubjects: [],
        ackWaitMs: 5_000,
        maxDeliver: -1,
        maxAckPending: 10,
      },
      async () => 0n,
    );
    for (let n = 0; n < FIRST; n += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, m) => publish(n + m)));
    }
  });
  after(async () => {
    await connection?.close();
    await Promise.all((servers ?? []).map((server) => server.stop()));
  });

  /** Resolves when it is acknowledged; the relay, too, asks again until it is. */
  async function publish(n: number): Promise<void> {
    const body = `${n} ${TEXT}`;
    const { seq } = await eventually(
      `message ${n} is stored`,
      () =>
        connection.jetstream({ timeout: 2_000 }).publish(`${ORDERS_STREAM}.x`, body, {
          msgID: `m-${n}`,
        }),
      30_000,
    );
    stored[seq] = body;
  }

  /** Publishes one after the other while `work` is under way, and says how many. */
  async function under<T>(work: Promise<T>): Promise<{ readonly done: T; readonly count: number }> {
    let running = true;
    let count = 0;
    const finished = work.finally(() => {
      running = false;
    });
    const first = stored.length;
    while (running) {
      await publish(first + count);
      count += 1;
    }
    return { done: await finished, count };
  }

  const shown = async (): Promise<Shown> => {
    const { code, stdout, stderr } = await ordersctl(urls, 'show', '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  /** Reads all that the stream has. */
  async function everything(): Promise<readonly string[]> {
    const consumer = await connection.jetstream().consumers.get(ORDERS_STREAM);
    const found: string[] = [];
    const last = (await consumer.info(true)).num_pending;
    if (last === 0) return found;
    for await (const message of await consumer.consume({ max_messages: 500 })) {
      found[message.seq] = message.string();
      if (message.info.pending === 0) break;
    }
    return found;
  }

  async function nothingIsLost(): Promise<void> {
    const found = await eventually('the stream can be read', everything, 30_000);
    const missing = stored.flatMap((body, seq) => (found[seq] === body ? [] : [seq]));
    assert.deepEqual(missing, []);
  }

  it('from one to three under load: what it had and what comes is in each, and the first server may go', async () => {
    const before = await shown();
    assert.deepEqual([before.replicas, before.copies.length], [1, 1]);
    const { done, count } = await under(ordersctl(urls, 'scale', '3', '--json'));
    assert.equal(done.code, 0, done.stderr);
    assert.ok(count > 0, 'messages came meanwhile');
    const after: Shown = JSON.parse(done.stdout);
    assert.deepEqual([after.replicas_before, after.replicas], [1, 3]);
    assert.deepEqual(after.copies.map(({ server }) => server).sort(), ['N0', 'N1', 'N2']);
    assert.ok(after.copies.every(({ current }) => current));
    assert.deepEqual(after.durables, [
      { ...after.durables[0], durable: durables.payment, replicas: 3 },
    ]);
    const first = Number(before.leader?.slice(1));
    await servers[first]?.stop();
    await nothingIsLost();
    servers[first] = await start(first);
    await eventually(
      'all three are current',
      async () => (await shown()).copies.filter(({ current }) => current).length === 3,
      30_000,
    );
  });

  it('more copies than servers are refused in words, and nothing has changed', async () => {
    const { code, stdout, stderr } = await ordersctl(urls, 'scale', '5');
    assert.deepEqual([code, stdout], [4, '']);
    assert.match(
      stderr,
      /^ordersctl: The stream ORDERS cannot have 5 copies: .* → start more servers of one cluster, or ask for fewer copies \(too_few_servers\)\n$/,
    );
    assert.equal((await shown()).replicas, 3);
  });

  it('a service that wants fewer copies than there are takes none away', async () => {
    await ensureStream(connection, options);
    assert.equal((await shown()).replicas, 3);
  });

  it('from three to one under load nothing is lost, and a person reads what was done', async () => {
    const { done } = await under(ordersctl(urls, 'scale', '1'));
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /^ORDERS had 3 copies and has 1 copy now\n/);
    assert.match(done.stdout, /^stream +ORDERS +N\d +leads$/m);
    await nothingIsLost();
    const again = await ordersctl(urls, 'scale', '1');
    assert.match(again.stdout, /^ORDERS has 1 copy, as before\n/);
  });

  it('a copy that cannot be filled is named when the time is up, and the same command goes on', async () => {
    const { leader } = await shown();
    const away = [0, 1, 2].find((index) => `N${index}` !== leader) ?? assert.fail();
    const whole = await ordersctl(urls, 'scale', '3', '--json');
    assert.equal(whole.code, 0, whole.stderr);
    await servers[away]?.stop();
    await eventually(
      'the leader misses it',
      async () => !(await shown()).copies.every(({ current }) => current),
      60_000,
    );
    const late = await ordersctl(urls, 'scale', '3', '--wait', '1');
    assert.equal(late.code, 1);
    assert.match(late.stderr, new RegExp(`not all have everything \\(N${away} `));
    servers[away] = await start(away);
    const { code, stderr } = await ordersctl(urls, 'scale', '3');
    assert.equal(code, 0, stderr);
  });

  it('a stream that is made again has as many copies as before', async () => {
    await remakeStream(connection, options);
    assert.equal((await shown()).replicas, 3);
  });
});

describe('the copies of a stream on one server', function suite() {
  this.timeout(60_000);

  it('two are wrong use, three are refused in words, and without a stream it says so', async () => {
    const server = await testNats();
    const connection = await connect({ servers: server.url });
    try {
      const none = await ordersctl(server.url, 'show');
      assert.deepEqual([none.code, none.stdout], [4, '']);
      assert.match(none.stderr, /There is no stream ORDERS → start eventstoresvc/);
      await ensureStream(connection, options);
      const two = await ordersctl(server.url, 'scale', '2');
      assert.equal(two.code, 2);
      assert.match(two.stderr, /2 is not possible: give 1, 3 or 5/);
      const three = await ordersctl(server.url, 'scale', '3');
      assert.equal(three.code, 4);
      assert.match(three.stderr, /cannot have 3 copies: each needs a server of its own/);
      const { code, stdout } = await ordersctl(server.url, 'show');
      assert.equal(code, 0);
      assert.match(stdout, /^ORDERS: 0 messages, the last at 0; 1 copy\n/);
      const one = await ordersctl(server.url, 'scale', '1');
      assert.equal(one.code, 0, one.stderr);
    } finally {
      await connection.close();
      await server.stop();
    }
  });
});
