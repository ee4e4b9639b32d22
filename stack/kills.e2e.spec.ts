/** Nothing that is killed in the middle of the work loses an order, doubles one, or moves a wrong cent. */
import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { type Attempts, placePatiently, type Wish, wish } from './testing/patient-client.ts';
import { createWaves, type Progress, type Waves } from './testing/waves.ts';

const context = background();
const ORDERS = 500;
const services = [
  'ordersvc',
  'eventstoresvc',
  'paymentworker',
  'reviewworker',
  'querymodelworker',
  'sagacoordinator',
] as const;

/** What a worker held when it was killed comes again after this. */
const worker = { ACK_WAIT_MS: '1500' };
/** No order of these waves waits for so long, unless it is lost. */
const deadlines = { PAYMENT_DEADLINE_MS: '40000', REVIEW_DEADLINE_MS: '40000' };

/** Kills it, and resolves when it runs again, as another process. */
async function killed(stack: OrderStack, name: string): Promise<void> {
  const pid = stack.unit(name).process?.pid;
  assert.ok(pid !== undefined, `${name} runs`);
  stack.kill(name);
  await eventually(
    `${name} runs again`,
    () => {
      const now = stack.unit(name).process?.pid;
      return now !== undefined && now !== pid;
    },
    30_000,
  );
}

describe('kills in the middle of 500 orders', function () {
  this.timeout(120_000);
  let stack: OrderStack;
  let waves: Waves;

  before(async () => {
    stack = await startOrderStack({
      // What was acknowledged is on disk: the servers are killed, too.
      durable: true,
      zipkin: false,
      environment: {
        paymentworker: worker,
        reviewworker: worker,
        sagacoordinator: { ...worker, ...deadlines },
      },
    });
    waves = createWaves(stack);
  });
  after(async () => {
    await stack?.stop();
  });

  const kill = (name: string) => killed(stack, name);

  /** A moment that is another in each run: the shares from 0.1 to 0.8. */
  const sometime = () => 0.1 + Math.random() * 0.7;

  /** Those at the edge are killed by how many are accepted, those behind the log by what it has. */
  async function moment(name: string, progress: Progress): Promise<number> {
    const share = sometime();
    const atTheEdge = name === 'ordersvc' || name === 'eventstoresvc';
    await (atTheEdge ? progress.accepted(share) : progress.logged(share));
    return share;
  }

  /** A wave with harm done to it; where it fails, that says at which shares of it. */
  async function harmed(
    what: string,
    harm: (progress: Progress, shares: number[]) => Promise<void>,
  ): Promise<Attempts> {
    const shares: number[] = [];
    return waves
      .wave(ORDERS, (progress) => harm(progress, shares))
      .catch((cause: unknown) => {
        const when = shares.length === 0 ? 'not yet' : `at ${shares.join(', ')} of the wave`;
        throw new Error(`${what} killed ${when}: ${(cause as Error).message}`, { cause });
      });
  }

  for (const victim of ['NATS', 'PostgreSQL', ...services]) {
    it(`${victim} killed once: every accepted order ends, once, to the cent`, async () => {
      const { failed } = await harmed(victim, async (progress, shares) => {
        shares.push(await moment(victim, progress));
        await kill(victim);
      });
      const asksAgain = ['ordersvc', 'eventstoresvc', 'PostgreSQL'].includes(victim);
      if (!asksAgain) assert.equal(failed, 0, 'customers notice nothing');
    });
  }

  it('all services killed at once, and the servers with them: the same', async () => {
    for (const victims of [services, [...services, 'NATS', 'PostgreSQL']]) {
      await harmed(`all ${victims.length}`, async (progress, shares) => {
        const share = sometime();
        await progress.accepted(share);
        shares.push(share);
        await Promise.all(victims.map(kill));
      });
    }
  });

  it('a worker killed again and again, each time when it has just come back: the same', async () => {
    // A fresh start forgets earlier deaths, which would only make the waits longer.
    await stack.restart('paymentworker');
    await harmed('paymentworker', async (progress, shares) => {
      await progress.accepted(0.05);
      for (let times = 0; times < 3; times++) {
        shares.push(progress.share());
        await kill('paymentworker');
      }
    });
  });

  it('a customer whose connection is cut after asking asks again with the key: one order', async () => {
    const cut = 60;
    const wishes = Array.from({ length: cut }, (_, n) => wish(n));
    const before = await stack.store.head(context);
    await Promise.all(wishes.map((asked, n) => askAndHangUp(stack.httpUrl, asked, n % 4)));
    for (const asked of wishes) {
      // Twice: what the first answer was, the second is.
      const orderId = await placePatiently(stack.httpUrl, asked);
      assert.equal(await placePatiently(stack.httpUrl, asked), orderId);
      waves.placed(orderId, asked.amountMinor);
    }
    await waves.settled();
    assert.equal(await stack.store.head(context), before + BigInt(3 * cut));
  });

  it('in the end no deadline is left', async () => {
    // An event that comes again after its order has gone on sets one that will find nothing to do.
    await eventually(
      'the table is empty',
      async () => {
        const rows = await stack.sagadb`select order_id, kind, due_at from deadlines limit 5`;
        if (rows.length === 0) return true;
        throw new Error(JSON.stringify(rows));
      },
      60_000,
    );
    // Those that found nothing have changed nothing.
    await waves.settled();
  });
});

describe('kills in the middle of 500 orders, with the workers in one process', function () {
  this.timeout(120_000);
  let stack: OrderStack;
  let waves: Waves;

  before(async () => {
    stack = await startOrderStack({
      processes: 'few',
      zipkin: false,
      environment: {
        paymentworker: worker,
        reviewworker: worker,
        sagacoordinator: { ...worker, ...deadlines },
      },
    });
    waves = createWaves(stack);
  });
  after(() => stack?.stop());

  it('they share a process, and its one connection to NATS', async () => {
    const { pid } = stack.unit('paymentworker').process ?? {};
    assert.ok(pid !== undefined);
    assert.equal(stack.unit('sagacoordinator').process?.pid, pid);
    assert.notEqual(stack.unit('ordersvc').process?.pid, pid);
    const { connections } = (await (await fetch(`${stack.natsMonitorUrl}/connz`)).json()) as {
      connections: { name?: string }[];
    };
    const names = connections.flatMap(({ name = '' }) => (/worker|saga/.test(name) ? name : []));
    assert.equal(names.length, 1, names.join());
  });

  it('all workers killed at once, and again when they are back: every accepted order ends, once, to the cent', async () => {
    const { failed } = await waves.wave(ORDERS, async (progress) => {
      await progress.logged(0.1 + Math.random() * 0.4);
      await killed(stack, 'workers');
      await progress.logged(0.5 + Math.random() * 0.4);
      await killed(stack, 'workers');
    });
    assert.equal(failed, 0, 'customers notice nothing');
  });

  it('told to stop in the middle they finish what they have, and the rest is done by the next', async () => {
    await waves.wave(ORDERS, async (progress) => {
      await progress.accepted(0.3);
      await stack.unit('workers').stop();
      await stack.unit('workers').start();
    });
  });
});

/**
 * Sends the whole request and hangs up without reading: at once, or after 1, 2 or
 * 3 turns of the event loop with the server's answer on its way. Resolves when
 * the connection is closed.
 */
function askAndHangUp(httpUrl: string, { key, body }: Wish, turns: number): Promise<void> {
  const { hostname, port, host } = new URL(httpUrl);
  return new Promise((resolve) => {
    const socket = connectTcp({ host: hostname, port: Number(port) });
    socket.once('close', () => resolve());
    socket.once('error', () => socket.destroy());
    const text = [
      'POST /api/orders HTTP/1.1',
      `host: ${host}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      `idempotency-key: ${key}`,
      '',
      body,
    ].join('\r\n');
    const hangUp = (left: number): void => {
      if (left === 0) socket.destroy();
      else setImmediate(hangUp, left - 1);
    };
    socket.once('connect', () => socket.write(text, () => hangUp(turns)));
  });
}
