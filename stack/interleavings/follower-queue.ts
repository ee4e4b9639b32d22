/** The log as a process's follower takes it: in batches, in its order, and again after a crash. */
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { UsualCase } from '../../shared/kit/batch/followed-batch.ts';
import { background } from '../../shared/kit/context.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Faults } from './faults.ts';
import { MAX_DELIVER, type WorkerQueue } from './worker-queue.ts';

/** A process as one instance runs it, until it crashes. */
export interface Instance {
  readonly usual: UsualCase<RecordedEvent>;
  /** Rejects with `parked` if the event was given up. */
  readonly handler: (delivery: Delivery<RecordedEvent>) => Promise<unknown>;
  /** What it has not written is never written. */
  crash(): void;
}

export interface FollowerQueueOptions {
  readonly name: string;
  readonly start: () => Instance;
  readonly faults: Faults;
}

interface Followed {
  readonly event: RecordedEvent;
  deliveries: number;
  state: 'comes' | 'gathers' | 'alone' | 'busy';
}

export function followerQueue({ name, start, faults }: FollowerQueueOptions): WorkerQueue {
  const { random, tell } = faults;
  let pending: Followed[] = [];
  let instance = start();
  let repeatsUpTo = 0n;
  let gathering: Promise<unknown>[] = [];

  function end(one: Followed): void {
    pending = pending.filter((other) => other !== one);
  }

  const isAlone = (aggregateId: string) =>
    pending.some(
      ({ event, state }) =>
        event.aggregateId === aggregateId && (state === 'alone' || state === 'busy'),
    );

  async function takeBatch(): Promise<void> {
    const batch = pending.filter(({ state }) => state === 'comes').slice(0, random.below(8) + 1);
    tell(`${name} <- a batch of ${batch.length}`);
    const own = instance;
    const together = batch.filter(({ event }) => !isAlone(event.aggregateId));
    for (const one of batch) one.state = 'alone';
    const events = together.map(({ event }) => event);
    const taken = await own.usual(background('c'), { events, repeatsUpTo });
    for (const [index, one] of together.entries()) {
      const done = taken[index];
      if (done === undefined) continue;
      one.state = 'gathers';
      gathering.push(
        done.then((isDone) => {
          if (own !== instance) return;
          if (isDone) end(one);
          else one.state = 'alone';
        }),
      );
    }
  }

  async function serve(one: Followed): Promise<void> {
    const { event } = one;
    one.state = 'busy';
    one.deliveries++;
    tell(`${name} <- ${event.aggregateId} ${event.eventType} (${one.deliveries})`);
    try {
      await instance.handler({
        body: event,
        messageId: event.eventId,
        sequence: event.position,
        deliveries: one.deliveries,
        last: one.deliveries >= MAX_DELIVER,
        mayBeRepeat: one.deliveries > 1 || event.position <= repeatsUpTo,
        traceparent: '',
      });
      end(one);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      tell(`  ${name} failed: ${error.code}`);
      if (error.kind === 'parked') end(one);
    } finally {
      one.state = 'alone';
    }
  }

  /** The first of an aggregate that goes alone. */
  function nextAlone(): Followed | undefined {
    const first = new Map<string, Followed>();
    for (const one of pending) {
      if (one.state !== 'alone' && one.state !== 'busy') continue;
      if (!first.has(one.event.aggregateId)) first.set(one.event.aggregateId, one);
    }
    return random.pick([...first.values()].filter(({ state }) => state === 'alone'));
  }

  return {
    push: (event) => void pending.push({ event, deliveries: 0, state: 'comes' }),
    deliver: async () => {
      if (pending.some(({ state }) => state === 'comes') && random.chance(0.6)) await takeBatch();
      const one = nextAlone();
      if (one !== undefined) await serve(one);
      else if (pending.some(({ state }) => state === 'comes')) await takeBatch();
      else if (gathering.length > 0) {
        const all = gathering;
        gathering = [];
        await Promise.all(all);
        return pending.length > 0;
      } else return false;
      return true;
    },
    beginAgain: (log) => {
      const done = (pending[0]?.event.position ?? BigInt(log.length) + 1n) - 1n;
      const checkpoint = random.below(Number(done) + 1);
      tell(`${name} crashes, and follows again after ${checkpoint}`);
      instance.crash();
      instance = start();
      pending = log.slice(checkpoint).map((event) => ({ event, deliveries: 0, state: 'comes' }));
      gathering = [];
      repeatsUpTo = BigInt(log.length);
    },
  };
}
