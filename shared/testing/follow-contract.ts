/** What every EventStore promises about reading in batches and following; called by eventStoreContract. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { EventFilter, EventStore, RecordedEvent } from '../eventstore/event-store.ts';
import { background, type Context, withSignal } from '../kit/context.ts';
import { anEvent } from './an-event.ts';

export function followContract(store: () => EventStore, stream: string): void {
  const ctx = background();
  const append = (aggregateType: string) =>
    store().append(ctx, { events: [anEvent({ eventType: `${stream}.created`, aggregateType })] });

  /** Follows until `enough`, with a deadline, so that a follower that receives nothing fails. */
  async function followed(
    filter: EventFilter,
    enough: (events: readonly RecordedEvent[]) => boolean,
    onBatch: () => Promise<unknown> | undefined = () => undefined,
  ): Promise<readonly RecordedEvent[]> {
    const within = withSignal(ctx, AbortSignal.timeout(10_000));
    const events: RecordedEvent[] = [];
    for await (const batch of await store().batches(within, { ...filter, follow: true })) {
      assert.ok(batch.length > 0, 'a batch is never empty');
      events.push(...batch);
      if (enough(events)) return events;
      await onBatch();
    }
    return assert.fail('a follower must not end by itself');
  }

  const contiguous = (events: readonly RecordedEvent[], after: bigint) =>
    assert.deepEqual(
      events.map(({ position }) => position),
      Array.from(events, (_, index) => after + BigInt(index) + 1n),
    );

  it('batches hold everything up to the head, in order, and end there', async () => {
    const after = await store().head(ctx);
    await Promise.all(Array.from({ length: 1_200 }, () => append('order')));
    const head = await store().head(ctx);
    const events: RecordedEvent[] = [];
    for await (const batch of await store().batches(ctx, { afterPosition: after }))
      events.push(...batch);
    contiguous(events, after);
    assert.equal(events.at(-1)?.position, head);
  });

  it('a follower goes over from what there was to what comes, without a gap or a repeat', async () => {
    const after = await store().head(ctx);
    await Promise.all(Array.from({ length: 700 }, () => append('order')));
    const last = after + 1_500n;
    const writing = (async () => {
      for (let n = 0; n < 8; n++) {
        await Promise.all(Array.from({ length: 100 }, () => append('order')));
      }
    })();
    const events = await followed(
      { afterPosition: after },
      (seen) => (seen.at(-1)?.position ?? 0n) >= last,
    );
    await writing;
    contiguous(events, after);
  });

  it('a follower hears of nothing but what its filter lets pass', async () => {
    const wanted = `kind-${randomUUID()}`;
    const afterPosition = await store().head(ctx);
    await append('order');
    await append(wanted);
    let more = 3;
    const events = await followed(
      { aggregateType: wanted, afterPosition },
      (seen) => seen.length === 4,
      async () => {
        if (more-- > 0) {
          await append('order');
          await append(wanted);
        }
      },
    );
    assert.deepEqual(new Set(events.map(({ aggregateType }) => aggregateType)), new Set([wanted]));
  });

  it('a slow follower holds up nobody, and misses nothing', async () => {
    const after = await store().head(ctx);
    await append('order');
    let slept = false;
    const events = await followed(
      { afterPosition: after },
      (seen) => seen.length >= 1_001,
      async () => {
        if (slept) return;
        slept = true;
        // All of this happens while the follower asks for nothing.
        await Promise.all(Array.from({ length: 1_000 }, () => append('order')));
        assert.equal(await store().head(ctx), after + 1_001n);
      },
    );
    contiguous(events, after);
  });

  it('a follower that gathers gets few batches in that time, with all that came, and no gap', async () => {
    const afterPosition = await store().head(ctx);
    const within = withSignal(ctx, AbortSignal.timeout(60_000));
    const request = { afterPosition, follow: true, gatherMs: 500 };
    const began = performance.now();
    const writing = (async () => {
      for (let n = 0; n < 20; n++) await append('order');
    })();
    const events: RecordedEvent[] = [];
    let batches = 0;
    for await (const batch of await store().batches(within, request)) {
      batches++;
      events.push(...batch);
      if (events.length === 20) break;
    }
    await writing;
    contiguous(events, afterPosition);
    // The first comes at once; what was found in memory and what in SQL may come as two; a
    // timer may be a millisecond early.
    assert.ok((batches / 2 - 1) * 490 <= performance.now() - began, `${batches} batches`);
  });

  it('events come with their metadata, and without it where it is not wanted', async () => {
    const afterPosition = await store().head(ctx);
    const metadata = { actor: 'ada' };
    await store().append(ctx, {
      events: [anEvent({ eventType: `${stream}.created`, metadata })],
    });
    const seen = [];
    for (const withoutMetadata of [false, true]) {
      for await (const events of await store().batches(ctx, { afterPosition, withoutMetadata }))
        seen.push(...events.map((event) => event.metadata.actor));
    }
    assert.deepEqual(seen, ['ada', undefined]);
  });

  it('a follower that nobody wants any more ends', async () => {
    const gone = new AbortController();
    const within: Context = withSignal(ctx, gone.signal);
    const afterPosition = await store().head(ctx);
    const batches = await store().batches(within, { afterPosition, follow: true });
    const next = batches[Symbol.asyncIterator]().next();
    gone.abort(new Error('nobody wants it'));
    await assert.rejects(next);
  });
}
