import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { Metadata, type ServerDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import {
  type AppendEventsRequest,
  type AppendEventsResponse,
  Lane,
} from '../../../proto/gen/eventstore.ts';
import type { Appended } from '../../../shared/eventstore/event-store.ts';
import { noHook } from '../../../shared/kit/transport/hooks.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { createAppendStreams } from './append-events.ts';

type Call = ServerDuplexStream<AppendEventsRequest, AppendEventsResponse>;

/** A call whose client reads nothing: what is written stays. */
class UnreadCall extends Duplex {
  readonly cancelled = false;
  readonly metadata = new Metadata();

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

function open(endpoint: () => Promise<Appended>, maxHeldBytes?: number) {
  let begun = 0;
  const { handler } = createAppendStreams({
    name: 'AppendEvents',
    decode: () => ({ events: [], expectedVersion: undefined, lane: 'new work' }),
    endpoint: () => {
      begun++;
      return endpoint();
    },
    hook: noHook,
    ...(maxHeldBytes !== undefined && { maxHeldBytes }),
  });
  const another = () => {
    const call = new UnreadCall();
    handler(call as unknown as Call);
    return call;
  };
  return { call: another(), another, begun: () => begun };
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

  it('that brings more than there is room for, of all streams, is ended; what it brought takes no room', async () => {
    const answers: (() => void)[] = [];
    const { call, another, begun } = open(
      () => new Promise((resolve) => answers.push(() => resolve({ version: 1n, position: 1n }))),
      10 * 200,
    );
    const ended: ServiceError[] = [];
    const ending = () => another().on('error', (error) => ended.push(error as ServiceError));
    call.push(message(8));
    await eventually('they are begun', () => begun() === 8);
    for (let i = 1; i <= 3; i++) {
      ending().push(message(3));
      await eventually('it is ended', () => ended.length === i);
    }
    assert.deepEqual(
      [ended[0]?.code, ended[0]?.metadata.get('error-code')],
      [status.RESOURCE_EXHAUSTED, ['too_many_appends']],
    );
    assert.equal(begun(), 8);
    const other = another();
    other.push(message(2));
    await eventually('what there is room for is begun', () => begun() === 10);
    for (const answer of answers.splice(0)) answer();
    await turn();
    another().push(message(10));
    await eventually('there is room again for as many', () => begun() === 20);
    assert.equal(ended.length, 3);
  });

  it('whose client has gone gives back the room of what it had not begun', async () => {
    const { call, another, begun } = open(() => new Promise(() => undefined), 5_000 * 200);
    call.push(message(5_000));
    await eventually('what there is room for is begun', () => begun() === 4_096);
    call.emit('cancelled');
    const other = another();
    other.on('error', assert.fail);
    other.push(message(904));
    await eventually('others are begun', () => begun() === 5_000);
  });
});
