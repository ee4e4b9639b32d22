/** The event store's process is stopped in the middle of its work, and goes on: for longer than each deadline. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../../shared/eventstore/grpc/grpc-event-store.ts';
import { background, withSignal } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { eventually } from '../../../shared/testing/eventually.ts';

const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

const REQUEST_MS = 500;
const STOPPED_MS = 5 * REQUEST_MS;

/** An event store in memory, as a process; it tells its port. */
const server = `
  import { createMemoryEventStore } from ${module('../../../shared/eventstore/memory/memory-event-store.ts')};
  import { nop } from ${module('../../../shared/kit/endpoint.ts')};
  import { silentLogger } from ${module('../../../shared/kit/logger.ts')};
  import { grpcServer } from ${module('../../../shared/kit/transport/grpc/grpc-server.ts')};
  import { noHook } from ${module('../../../shared/kit/transport/hooks.ts')};
  import { createEndpoints } from ${module('../endpoints.ts')};
  import { createGrpcService } from ${module('../transport-grpc.ts')};
  const endpoints = createEndpoints(createMemoryEventStore({ stream: 'ORDERS' }), () => nop);
  const grpc = grpcServer({
    host: '127.0.0.1', port: 0, logger: silentLogger, limits: { requestMs: ${REQUEST_MS} },
    services: [createGrpcService(endpoints, 'ORDERS', noHook, 300_000)] });
  await grpc.start();
  process.send({ port: grpc.port() });`;

describe('an event store whose process stands still for a while', function suite() {
  this.timeout(60_000);
  let child: ChildProcess;
  let store: EventStore & Component;
  const stopping = new AbortController();

  before(async () => {
    child = spawn(process.execPath, ['--input-type=module', '--eval', server], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    store = createGrpcEventStore({
      address: `127.0.0.1:${port}`,
      stream: 'ORDERS',
      timeoutMs: 20_000,
      logger: silentLogger,
      heartbeat: { everyMs: 50, mostMissed: 5 },
    });
    await store.start?.();
  });
  after(async () => {
    stopping.abort();
    await store.stop?.();
    child.kill('SIGKILL');
  });

  it('loses no append and repeats none, and who follows misses nothing', async () => {
    const ctx = background();
    const followed: bigint[] = [];
    const following = (async () => {
      const reading = await store.batches(withSignal(ctx, stopping.signal), { follow: true });
      for await (const events of reading) followed.push(...events.map((each) => each.position));
    })().catch(() => undefined);
    const appended: bigint[] = [];
    let begun = 0;
    let go = true;
    const caller = async () => {
      while (go) {
        begun++;
        const event = anEvent({ data: JSON.stringify('x'.repeat(50_000)) });
        appended.push((await store.append(ctx, { events: [event] })).position);
      }
    };
    const callers = Array.from({ length: 8 }, caller);
    await eventually('appends are answered', () => appended.length > 50);
    child.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await eventually('it is told', () => store.notReady?.() !== undefined);
    await eventually('it stood still', () => performance.now() - stoppedAt > STOPPED_MS);
    child.kill('SIGCONT');
    const before = appended.length;
    await eventually('appends go on', () => appended.length > before + 50);
    go = false;
    await Promise.all(callers);
    assert.equal(appended.length, begun);
    assert.deepEqual(
      appended.map(Number).sort((one, other) => one - other),
      Array.from({ length: begun }, (_, index) => index + 1),
    );
    await eventually('all were followed', () => followed.length >= begun);
    assert.deepEqual(
      followed.map(Number),
      appended.map(Number).sort((one, other) => one - other),
    );
    await eventually('it is ready', () => store.notReady?.() === undefined);
    stopping.abort();
    await following;
  });
});
