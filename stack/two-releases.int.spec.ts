/** This release and a next one on the same stream and the same tables. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { reviewEndpoints } from '../services/reviewworker/endpoints.ts';
import type { ReviewPolicy } from '../services/reviewworker/review-policy.ts';
import type { createReviewService } from '../services/reviewworker/service.ts';
import { eventTypes, type orderEventCodec } from '../shared/contracts/events.ts';
import { durables } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { MAX_AMOUNT, minor } from '../shared/money/money.ts';
import { type WorkerRig, workerRig } from '../shared/testing/worker-rig.ts';
import {
  asTheOneAfter,
  makeNextRelease,
  type Release,
  SOLD_OUT,
  thisRelease,
} from './testing/releases/next-release.ts';
import { testFolder, testNats, testPostgres } from './testing.ts';
import { until } from './until.ts';

const ctx = background();
const policy: ReviewPolicy = { rejectAbove: MAX_AMOUNT, rejectRestaurants: [], manual: [] };
const ORDERS = 60;

describe('this release and the next', function () {
  this.timeout(300_000);
  let next: Release;
  before(async () => {
    next = await makeNextRelease(await testFolder());
  });

  describe('share a durable', () => {
    let rig: WorkerRig;
    before(async () => {
      rig = await workerRig(await testNats());
    });
    after(() => rig?.stop());

    /** The review worker of `release`, from its own sources. */
    async function reviewer({ folder }: Release) {
      const from = <T>(file: string): Promise<T> => import(pathToFileURL(join(folder, file)).href);
      const { createReviewService } = await from<Service>('services/reviewworker/service.ts');
      const { reviewEndpoints } = await from<Endpoints>('services/reviewworker/endpoints.ts');
      const { orderEventCodec } = await from<Events>('shared/contracts/events.ts');
      const codec = orderEventCodec(2);
      const service = createReviewService(rig.log.store, policy, codec);
      const handles = reviewEndpoints(service, codec, rig.onion(durables.review));
      return rig.worker(durables.review, handles);
    }

    /** A paid order of an item that the next release takes for sold out. */
    async function paid(orderId: string): Promise<void> {
      const item = { code: 'a', name: 'Pizza 7', unitPrice: minor(100), quantity: 1 };
      const money = { customerId: 'ada', amount: minor(100) };
      const createdOn = '2026-01-01T00:00:00.000Z';
      await rig.append({
        type: 'created',
        order: { orderId, ...money, restaurantId: 'trattoria', items: [item], createdOn },
      });
      await rig.append({ type: 'paymentdebited', orderId, ...money, paymentId: 'p' });
    }

    async function typesByOrder() {
      const { events } = await rig.log.store.read(ctx, { limit: 1_000 });
      const types = new Map<string, string[]>();
      for (const { aggregateId, eventType } of events) {
        types.set(aggregateId, [...(types.get(aggregateId) ?? []), eventType]);
      }
      return types;
    }

    it('and an event that only the next one knows is answered by that one, however the broker deals them out', async () => {
      const [older, newer] = [await reviewer(thisRelease), await reviewer(next)];
      await rig.start(older, newer);
      const ready = () => [older, newer].every((one) => one.notReady?.() === undefined);
      await until(ready, { what: 'both subscribed', deadlineMs: 10_000 });
      const orderIds = Array.from({ length: ORDERS }, (_, n) => `order-${n}`);
      for (const orderId of orderIds) await paid(orderId);

      const consumer = durables.review;
      const parked = () =>
        rig.log.store.deadLetters(ctx, { consumer, state: 'parked', limit: 500 });
      const ends: readonly string[] = [eventTypes.approved, eventTypes.cancelled];
      await until(
        async () => {
          const left = await parked();
          const types = [...(await typesByOrder()).values()];
          const open = types.filter((all) => !all.some((type) => ends.includes(type)));
          return types.length === ORDERS && open.length === left.length;
        },
        { what: 'each order ended, or its event is parked', deadlineMs: 20_000 },
      );
      // The last process of this release is replaced.
      await older.stop?.();
      for (const { position, reason } of await parked()) {
        assert.equal(reason, 'type_not_answered');
        await rig.log.store.requestReplay(ctx, { consumer, position });
      }
      const isEnded = (all: readonly string[]) => all.some((type) => ends.includes(type));
      await until(async () => [...(await typesByOrder()).values()].every(isEnded), {
        what: 'each order ended',
        deadlineMs: 20_000,
      });
      const stories = [...(await typesByOrder()).values()].map((all) =>
        all.slice(2).join(' then '),
      );
      const told = new Map(
        [...Map.groupBy(stories, (it) => it)].map(([it, all]) => [it, all.length]),
      );
      const [approved = 0, soldOut = 0] = [
        told.get(eventTypes.approved),
        told.get(`${SOLD_OUT} then ${eventTypes.cancelled}`),
      ];
      assert.equal(approved + soldOut, ORDERS, JSON.stringify([...told]));
      assert.ok(approved > 0 && soldOut > 0, 'both were at work');
    });
  });

  it('share a schema that only grows, until a release contracts it', async () => {
    const [postgres, nats] = [await testPostgres(), await testNats()];
    const env = {
      ...process.env,
      EVENTSTORE_DATABASE_URL: await postgres.createDatabase(),
      ORDERS_DATABASE_URL: await postgres.createDatabase(),
      PAYMENTS_DATABASE_URL: await postgres.createDatabase(),
      SAGA_DATABASE_URL: await postgres.createDatabase(),
      NATS_URL: nats.url,
    };
    /** What its bootstrapper says. */
    const bootstrapped = ({ folder }: Release) =>
      new Promise<{ code: unknown; said: string }>((resolve) => {
        const main = join(folder, 'services/bootstrapper/main.ts');
        execFile(process.execPath, [main], { env }, (error, stdout, stderr) =>
          resolve({ code: error?.code ?? 0, said: `${stdout}${stderr}` }),
        );
      });
    try {
      assert.equal((await bootstrapped(thisRelease)).code, 0);
      const expanded = await bootstrapped(next);
      assert.match(expanded.said, /008\.do\.ledger-entered-by\.sql","msg":"migration applied/);
      const back = await bootstrapped(thisRelease);
      assert.equal(back.code, 0, back.said);
      const stays =
        /"files":\["008\.do\.ledger-entered-by\.sql"\],"msg":"the schema is of a newer release, which only added to it: it stays"/g;
      assert.equal(back.said.match(stays)?.length, 1, back.said);
      await asTheOneAfter(next, async () => {
        assert.equal((await bootstrapped(next)).code, 0);
      });
      for (const release of [next, thisRelease]) {
        const refused = await bootstrapped(release);
        assert.equal(refused.code, 1);
        assert.match(refused.said, /has taken away from test_\w+ what this one needs \(009\.do/);
      }
    } finally {
      await nats.stop();
    }
  });
});

type Service = { readonly createReviewService: typeof createReviewService };
type Endpoints = { readonly reviewEndpoints: typeof reviewEndpoints };
type Events = { readonly orderEventCodec: typeof orderEventCodec };
