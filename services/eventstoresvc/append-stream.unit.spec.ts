import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import {
  type AppendEventsRequest,
  type AppendEventsResponse,
  Lane,
} from '../../proto/gen/eventstore.ts';
import type { Appended } from '../../shared/eventstore/event-store.ts';
import { noHook } from '../../shared/kit/transport/hooks.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { createAppendStreams } from './append-stream.ts';

type Call = ServerDuplexStream<AppendEventsRequest, AppendEventsResponse>;

/** A call whose client reads nothing: what is written stays. */
class UnreadCall extends Duplex {
  readonly cancelled = false;

  constructor() {
    super({ objectMode: true, writableHighWaterMark: 1 });
  }

  override _read(): void {}

  override _write(): void {}
}

const message = (count: number): AppendEventsRequest => ({
  appends: Array.from({ length: count }, (_, number) => ({
    number,
    events: [],
    expectedVersion: undefined,
    lane: Lane.NEW_WORK,
  })),
});

function open(endpoint: () => Promise<Appended>) {
  let begun = 0;
  const { handler } = createAppendStreams({
    name: 'AppendEvents',
    decode: () => ({ events: [], expectedVersion: undefined, lane: 'new work' }),
    endpoint: () => {
      begun++;
      return endpoint();
    },
    hook: noHook,
  });
  const call = new UnreadCall();
  handler(call as unknown as Call);
  return { call, begun: () => begun };
}

describe('a stream of appends', () => {
  it('is not read while its client does not read', async () => {
    const { call, begun } = open(async () => ({ version: 1n, position: 1n }));
    call.push(message(10));
    await eventually('it is not read any more', () => begun() === 10 && call.isPaused());
    call.push(message(10));
    assert.equal(call.readableLength, 1, 'the second message waits');
    assert.equal(begun(), 10);
  });

  it('has only so many appends under way, whatever one message holds', async () => {
    const answers: (() => void)[] = [];
    const { call, begun } = open(
      () => new Promise((resolve) => answers.push(() => resolve({ version: 1n, position: 1n }))),
    );
    call.push(message(5_000));
    await eventually('what there is room for is begun', () => begun() === 4_096);
    assert.ok(call.isPaused());
    answers.shift()?.();
    await eventually('the next one is begun', () => begun() === 4_097);
  });

  it('begins nothing more of a message while its client does not read', async () => {
    const { call, begun } = open(async () => ({ version: 1n, position: 1n }));
    call.push(message(10_000));
    await eventually('it is not read any more', () => begun() > 0 && call.isPaused());
    // The answers to the first are written in a turn, and what they make room for would follow.
    for (let turns = 0; turns < 20; turns++) await turn();
    assert.ok(begun() <= 2 * 4_096, `${begun()} were begun`);
  });

  it('begins nothing more when its client has gone', async () => {
    const answers: (() => void)[] = [];
    const { call, begun } = open(
      () => new Promise((resolve) => answers.push(() => resolve({ version: 1n, position: 1n }))),
    );
    call.push(message(5_000));
    await eventually('what there is room for is begun', () => begun() === 4_096);
    call.emit('cancelled');
    for (const answer of answers.splice(0)) answer();
    for (let turns = 0; turns < 5; turns++) await turn();
    assert.equal(begun(), 4_096);
  });
});
