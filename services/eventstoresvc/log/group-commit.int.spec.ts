import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { background, withSignal, withTimeLeft } from '../../../shared/kit/context.ts';
import { CodedError, codedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { testPostgres } from '../../../stack/testing.ts';
import type { Append } from './append.ts';
import { createGroupCommit, type GroupCommit } from './group-commit.ts';
import { predict } from './optimistic.ts';
import { APPENDING } from './sql-append.ts';
import { createEventLog, type EventLog } from './sql-log.ts';
import { createTail } from './tail.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const anAppend = (aggregateId: string = randomUUID(), expectedVersion?: bigint): Append => ({
  events: [anEvent({ aggregateId })],
  expectedVersion,
});

const aggregateIdOf = ({ events }: Append): string => events[0]?.aggregateId ?? '';

describe('group commit', () => {
  const ctx = background();
  let url: string;
  let database: Database;
  let appends: Database;
  let log: EventLog;

  before(async () => {
    url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    const options = { url, name: 'test', queryTimeoutMs: 5_000, logger: silentLogger };
    database = createDatabase({ ...options, poolSize: 4 });
    appends = createDatabase({ ...options, ...APPENDING });
    log = createEventLog(database, appends, 'ORDERS');
  });
  after(() => Promise.all([database.stop(), appends.stop()]));

  /** The log, with `broken` in front of each statement. */
  function faulty(
    broken: (statement: keyof EventLog, result: () => Promise<unknown>) => Promise<unknown>,
  ): EventLog {
    return new Proxy(log, {
      get:
        (target, name: keyof EventLog) =>
        (...args: never[]) =>
          broken(name, () => (target[name] as (...args: never[]) => Promise<unknown>)(...args)),
    });
  }
  const lost = () =>
    new CodedError('unavailable', 'database_unavailable', 'The connection was lost.');

  it('what was committed is in memory as a read would give it, from the usual path and the slow one', async () => {
    const tail = createTail();
    const its = createEventLog(database, appends, 'ORDERS', undefined, tail);
    const before = await its.head(ctx);
    const commits = createGroupCommit(its, silentLogger, () => undefined);
    const aggregateId = randomUUID();
    await commits.append(ctx, anAppend(aggregateId, 0n));
    await commits.append(ctx, anAppend(aggregateId, 1n));
    await commits.append(ctx, anAppend(aggregateId));
    const metadata = { correlation_id: 'c', traceparent: 't', causation_id: 'e' };
    const events = [1, 2, 3].map((n) => anEvent({ aggregateId, data: `{"n": ${n}}`, metadata }));
    const ended = await Promise.allSettled([
      commits.append(ctx, { events, expectedVersion: 3n }),
      commits.append(ctx, anAppend(aggregateId)),
      // A conflict sends all of them the slow way.
      commits.append(ctx, anAppend(aggregateId, 77n)),
      commits.append(ctx, anAppend()),
    ]);
    assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 3);
    await Promise.all(Array.from({ length: 5 }, () => commits.append(ctx, anAppend())));
    const { events: stored } = await its.read(ctx, { afterPosition: before }, 1_000);
    assert.equal(stored.length, 13);
    assert.deepEqual(tail.after(before, 1_000), stored);
    assert.equal(tail.last(), await its.head(ctx));
  });

  it('what two processes append in turns is in the memory of each that wrote it, and is a gap for the other', async () => {
    const before = await log.head(ctx);
    const tails = [createTail(), createTail()];
    const both = tails.map((tail) =>
      createGroupCommit(
        createEventLog(database, appends, 'ORDERS', undefined, tail),
        silentLogger,
        () => undefined,
      ),
    );
    for (let n = 0; n < 6; n++) await both[n % 2]?.append(ctx, anAppend());
    const { events } = await log.read(ctx, { afterPosition: before }, 1_000);
    for (const [index, event] of events.entries()) {
      const held = tails.map((tail) => tail.after(event.position - 1n, 1_000));
      assert.deepEqual(held[index % 2], [event]);
      assert.deepEqual(held[(index + 1) % 2], []);
    }
  });

  it('those who arrive together share as many batches as may be under way, and no more', async () => {
    let statements = 0;
    const commits = createGroupCommit(
      faulty((statement, result) => {
        if (statement === 'append') statements++;
        return result();
      }),
      silentLogger,
      () => undefined,
    );
    await Promise.all(Array.from({ length: 300 }, () => commits.append(ctx, anAppend())));
    assert.equal(statements, APPENDING.pipeline);
  });

  it('while the log is away an append waits as long as an outage may last, and not for its own time', async () => {
    const commits = createGroupCommit(
      faulty(() => Promise.reject(lost())),
      silentLogger,
      () => undefined,
      { outageMs: 20, timeoutMs: 600_000 },
    );
    const error = await commits.append(ctx, anAppend()).then(() => assert.fail(), codedError);
    assert.equal(error.code, 'log_unavailable');
  });

  it('while one batch is on its way the next one follows it, and no aggregate is in both', async () => {
    let underWay = 0;
    let most = 0;
    const touched = new Map<string, number>();
    const counting = new Proxy(log, {
      get: (target, name: keyof EventLog) =>
        name !== 'append'
          ? target[name]
          : async (...[on, events]: Parameters<EventLog['append']>) => {
              const ids = new Set(events.map(({ event }) => event.aggregateId));
              for (const id of ids) {
                assert.ok(!touched.has(id), 'two batches append to one aggregate at a time');
                touched.set(id, 1);
              }
              most = Math.max(most, ++underWay);
              try {
                return await target.append(on, events);
              } finally {
                underWay--;
                for (const id of ids) touched.delete(id);
              }
            },
    });
    const commits = createGroupCommit(counting, silentLogger, () => undefined);
    const few = Array.from({ length: 40 }, () => randomUUID());
    await Promise.all(
      Array.from({ length: 64 }, async (_, caller) => {
        for (let n = 0; n < 20; n++) {
          await commits.append(ctx, anAppend(few[(caller * 7 + n) % few.length]));
        }
      }),
    );
    assert.equal(most, 2);
    for (const id of few) {
      const { events } = await log.read(ctx, { aggregateId: id }, 1_000);
      assert.deepEqual(
        events.map(({ version }) => Number(version)),
        events.map((_, index) => index + 1),
      );
    }
  });

  it('however busy, the head is left free now and then: another process may wait for it', async () => {
    let underWay = 0;
    let free = 0;
    let head = 0n;
    let before: Promise<unknown> = Promise.resolve();
    // As the server has it: one commit after the other, each a few turns long.
    const append: EventLog['append'] = (_, events) => {
      if (underWay++ === 0) free++;
      const commit = before.then(async () => {
        for (let turn = 0; turn < 5; turn++) await nextTurn();
        const first = head + 1n;
        head += BigInt(events.length);
        underWay--;
        return { first, versions: events.map(() => 1n), createdAt: new Date(0) };
      });
      before = commit;
      return commit;
    };
    const commits = createGroupCommit({ ...log, append }, silentLogger, () => undefined);
    let over = false;
    const busy = Promise.all(
      Array.from({ length: 256 }, async () => {
        while (!over) await commits.append(ctx, anAppend());
      }),
    );
    try {
      await eventually('it was free', () => free > 10);
    } finally {
      over = true;
      await busy;
    }
  });

  it('a page of the log ends by its bytes, too, and the next ones hold the rest', async () => {
    const bytes = 300_000;
    const aggregateId = randomUUID();
    const data = JSON.stringify('x'.repeat(bytes - 2));
    const events = Array.from({ length: 20 }, () => anEvent({ aggregateId, data }));
    await log.append(
      ctx,
      predict(events.map((event) => ({ events: [event], expectedVersion: undefined }))),
    );
    const pages: number[] = [];
    for (let afterPosition = 0n, more = true; more; ) {
      const page = await log.read(ctx, { aggregateId, afterPosition }, 1_000);
      pages.push(page.events.length);
      afterPosition = page.events.at(-1)?.position ?? assert.fail();
      more = page.more;
    }
    // An event that begins within two megabytes is in.
    assert.deepEqual(pages, [7, 7, 6]);
  });

  it('beside another process that appends, one batch is under way at a time', async () => {
    const options = { url, name: 'test', queryTimeoutMs: 5_000, logger: silentLogger };
    const other = createDatabase({ ...options, ...APPENDING });
    /** The most batches under way once the other one was noticed, by process. */
    const most: number[] = [];
    const processes = [appends, other].map((its, index) => {
      const itsLog = createEventLog(database, its, 'ORDERS');
      let underWay = 0;
      let last = 0n;
      let noticed = false;
      const append: EventLog['append'] = async (...args) => {
        underWay++;
        if (noticed) most[index] = Math.max(most[index] ?? 0, underWay);
        const done = await itsLog.append(...args).finally(() => underWay--);
        if (done === undefined) return done;
        // What was under way by then is let go.
        if (last > 0n && done.first !== last + 1n && underWay === 0) noticed = true;
        last = done.first + BigInt(args[1].length) - 1n;
        return done;
      };
      return createGroupCommit({ ...itsLog, append }, silentLogger, () => undefined);
    });
    try {
      await Promise.all(
        processes.flatMap((one) =>
          Array.from({ length: 64 }, async () => {
            for (let n = 0; n < 20; n++) await one.append(ctx, anAppend());
          }),
        ),
      );
      assert.deepEqual(most, [1, 1]);
      await eventually('once the other one is silent there are two again', async () => {
        await Promise.all(
          Array.from({ length: 64 }, () => (processes[0] as GroupCommit).append(ctx, anAppend())),
        );
        return most[0] === 2;
      });
    } finally {
      await other.stop();
    }
  });

  it('at serializable too, no batch is rolled back for the one before it', async () => {
    const options = { url, name: 'test', queryTimeoutMs: 5_000, logger: silentLogger };
    const serializable = createDatabase({ ...options, ...APPENDING, isolation: 'serializable' });
    let sent = 0;
    const counting: Database = {
      ...serializable,
      // A statement that was rolled back would be begun again.
      query: (ctx, statement) =>
        serializable.query(ctx, (sql) => {
          sent++;
          return statement(sql);
        }),
    };
    let batches = 0;
    const its = createEventLog(database, counting, 'ORDERS');
    const append: EventLog['append'] = (...args) => {
      batches++;
      return its.append(...args);
    };
    const commits = createGroupCommit({ ...its, append }, silentLogger, () => undefined);
    try {
      await Promise.all(
        Array.from({ length: 64 }, async () => {
          for (let n = 0; n < 10; n++) await commits.append(ctx, anAppend());
        }),
      );
      assert.equal(sent, batches);
    } finally {
      await serializable.stop();
    }
  });

  it('a connection lost after the commit: read back, answered once, written once', async () => {
    let failures = 1;
    const commits = createGroupCommit(
      faulty(async (statement, result) => {
        const done = await result();
        if (statement === 'append' && failures-- > 0) throw lost();
        return done;
      }),
      silentLogger,
      () => undefined,
    );
    const appends = Array.from({ length: 5 }, () => anAppend(undefined, 0n));
    const before = await log.head(ctx);
    const results = await Promise.all(appends.map((append) => commits.append(ctx, append)));
    assert.deepEqual(
      results.map(({ version }) => version),
      Array(5).fill(1n),
    );
    assert.equal(await log.head(ctx), before + 5n);
  });

  it('a connection lost before the commit: tried again', async () => {
    let failures = 3;
    const commits = createGroupCommit(
      faulty((_, result) => (failures-- > 0 ? Promise.reject(lost()) : result())),
      silentLogger,
      () => undefined,
    );
    assert.equal((await commits.append(ctx, anAppend(undefined, 0n))).version, 1n);
  });

  it('zero rows although it was written: read back rather than written again', async () => {
    const commits = createGroupCommit(
      faulty(async (statement, result) => {
        const done = await result();
        return statement === 'append' ? undefined : done;
      }),
      silentLogger,
      () => undefined,
    );
    const before = await log.head(ctx);
    assert.equal((await commits.append(ctx, anAppend())).position, before + 1n);
    assert.equal(await log.head(ctx), before + 1n);
  });

  it('the database away: unavailable after the patience of each, and before its caller gives up', async () => {
    const commits = createGroupCommit(
      faulty(() => Promise.reject(lost())),
      silentLogger,
      () => undefined,
      { outageMs: 200 },
    );
    const refused = (error: unknown) => codedError(error).kind === 'unavailable';
    const began = performance.now();
    const soon = withTimeLeft(ctx, 150);
    await Promise.all([
      assert.rejects(commits.append(soon, anAppend()), refused),
      assert.rejects(commits.append(ctx, anAppend()), refused),
    ]);
    const error = await commits.append(withTimeLeft(ctx, 150), anAppend()).catch((e) => e);
    assert.ok(refused(error));
    assert.ok(performance.now() >= began + 200, 'a restart is waited for');
  });

  it('a conflict among busy writers harms no neighbour, however often the head moves', async () => {
    const taken = anAppend(undefined, 0n);
    await log.append(ctx, predict([taken]));
    let moves = 0;
    const commits = createGroupCommit(
      faulty(async (statement, result) => {
        // Another process commits between each of our readings and writings.
        if (statement === 'append' && moves++ < 50) await log.append(ctx, predict([anAppend()]));
        return result();
      }),
      silentLogger,
      () => undefined,
    );
    const conflicting: Append = {
      events: [anEvent({ aggregateId: aggregateIdOf(taken) })],
      expectedVersion: 0n,
    };
    const results = await Promise.allSettled([
      commits.append(ctx, anAppend(undefined, 0n)),
      commits.append(ctx, conflicting),
      commits.append(ctx, anAppend()),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal(moves, 2, 'one statement that failed, one that wrote the rest');
  });

  it('who loses against an append of the same batch is told so once that one is written', async () => {
    const writes: (() => Promise<unknown>)[] = [];
    let answered = 0;
    const seen: number[] = [];
    const commits = createGroupCommit(
      faulty((statement, result) => {
        if (statement !== 'append') return result();
        writes.push(result);
        seen.push(answered);
        // The first finds that somebody loses, the second is lost on its way.
        return writes.length === 2 ? Promise.reject(lost()) : result();
      }),
      silentLogger,
      () => undefined,
    );
    const first = anAppend();
    const id = aggregateIdOf(first);
    const winner = commits.append(ctx, first);
    const loser = commits.append(ctx, anAppend(id, 0n));
    for (const one of [winner, loser])
      one.then(
        () => answered++,
        () => answered++,
      );
    assert.equal((await winner).version, 1n);
    await assert.rejects(loser, { code: 'version_conflict' });
    assert.deepEqual(seen, [0, 0, 0]);
  });

  it('nobody loses against an append that the database refuses', async () => {
    const commits = createGroupCommit(log, silentLogger, () => undefined);
    const id = randomUUID();
    const refused: Append = {
      events: [anEvent({ aggregateId: id, data: '\u0000' })],
      expectedVersion: undefined,
    };
    const [one, other] = await Promise.allSettled([
      commits.append(ctx, refused),
      commits.append(ctx, anAppend(id, 0n)),
    ]);
    assert.equal(one.status, 'rejected');
    assert.equal(other.status, 'fulfilled');
  });

  it('an append that the database refuses harms no neighbour', async () => {
    const commits = createGroupCommit(log, silentLogger, () => undefined);
    // The rules at the edge would refuse it; the database must not need them.
    const nul: Append = { events: [anEvent({ data: '"\0"' })], expectedVersion: undefined };
    const results = await Promise.allSettled(
      [anAppend(), anAppend(), nul, anAppend(), anAppend()].map((append) =>
        commits.append(ctx, append),
      ),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
  });

  it('more than may wait is refused at once, the rest is unharmed', async () => {
    const commits = createGroupCommit(log, silentLogger, () => undefined, { maxWaiting: 10 });
    const results = await Promise.allSettled(
      Array.from({ length: 15 }, () => commits.append(ctx, anAppend())),
    );
    const refused = results.filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 5);
    assert.equal(codedError((refused[0] as PromiseRejectedResult).reason).kind, 'overloaded');
    await commits.append(ctx, anAppend());
  });

  it('a caller who went away before its turn writes nothing', async () => {
    const commits = createGroupCommit(log, silentLogger, () => undefined);
    const before = await log.head(ctx);
    const gone = new AbortController();
    const append = commits.append(withSignal(ctx, gone.signal), anAppend());
    gone.abort();
    await assert.rejects(append);
    assert.equal(await log.head(ctx), before);
  });

  it('a batch is bounded; what does not fit goes with the next, in order', async () => {
    const sizes: number[] = [];
    const commits = createGroupCommit(
      log,
      silentLogger,
      (position) => sizes.push(Number(position)),
      {
        maxBatchEvents: 4,
      },
    );
    const before = Number(await log.head(ctx));
    const results = await Promise.all(
      Array.from({ length: 10 }, () => commits.append(ctx, anAppend())),
    );
    assert.deepEqual(sizes, [before + 4, before + 8, before + 10]);
    assert.deepEqual(
      results.map(({ position }) => Number(position) - before),
      Array.from({ length: 10 }, (_, index) => index + 1),
    );
  });
});
