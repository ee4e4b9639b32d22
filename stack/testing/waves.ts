/** Many orders at once, while somebody does harm, and what must have come of them. */
import assert from 'node:assert/strict';
import type { AuditReport } from '../../cli/audit/report.ts';
import { background } from '../../shared/kit/context.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { concurrently } from './concurrently.ts';
import type { OrderStack } from './order-stack.ts';
import { type Attempts, placePatiently, wish } from './patient-client.ts';

/** Orders of one stack, counted over all waves. */
export interface Waves {
  /**
   * Places `count` orders by clients who ask until they are answered, does
   * `harm` beside it, and resolves when all books say that every order placed so
   * far, by this or before, was paid for and approved, once, to the cent.
   */
  readonly wave: (count: number, harm: (progress: Progress) => Promise<void>) => Promise<Attempts>;
  /** An order placed by other hands, which counts from now on. */
  readonly placed: (orderId: string, amountMinor: number) => void;
  /** Waits until the books say so. */
  readonly settled: () => Promise<AuditReport>;
}

/** How far a wave is, 0 to 1 of it. */
export interface Progress {
  /** By what is accepted now. */
  readonly share: () => number;
  /** These wait. */
  readonly accepted: (share: number) => Promise<void>;
  /** The number of the wave's events, by the log. */
  readonly logged: (share: number) => Promise<void>;
}

const ctx = background();
const CLIENTS = 32;
/** Created, debited, approved. */
const EVENTS = 3;
const SETTLES_WITHIN_MS = 60_000;

/** No orders yet. The stack must be fresh. */
export function createWaves(stack: OrderStack): Waves {
  const orders = new Map<string, number>();
  const { books } = stack;

  async function settled(): Promise<AuditReport> {
    const expected = BigInt(EVENTS * orders.size);
    await eventually(
      'the log has all events and the copies are there',
      async () => {
        const head = await stack.store.head(ctx);
        const published = await books.published.last();
        const shown = await books.readModel.checkpoint(ctx);
        if (head >= expected && published === head && shown === head) return true;
        throw new Error(
          `of ${expected} events the log has ${head}, the stream ${published}, the read model ${shown}`,
        );
      },
      SETTLES_WITHIN_MS,
    );
    // What was killed a moment ago may not be read yet.
    const report = await eventually(
      'all books can be read',
      async () => {
        const read = await stack.audit();
        return read.unread.length === 0 && read;
      },
      SETTLES_WITHIN_MS,
    );
    assert.deepEqual([report.discrepancies, report.waiting], [[], []]);
    const amount = [...orders.values()].reduce((sum, each) => sum + BigInt(each), 0n);
    const { log, ledger, readModel } = report;
    assert.deepEqual(
      { log, orders: report.orders, ledger, compared: readModel.compared },
      {
        log: { head: expected, events: Number(expected), unreadable: 0 },
        orders: { accepted: orders.size, ended: orders.size, open: 0, stuck: 0, amount },
        ledger: {
          lines: orders.size,
          debited: amount,
          voided: 0n,
          kept: amount,
          approved: amount,
          underWay: 0n,
          notCompared: 0,
        },
        compared: orders.size,
      },
    );
    for await (const row of books.readModel.rows(ctx)) {
      assert.equal(row.status, 'Approved', row.orderId);
      assert.equal(Number(row.amountMinor), orders.get(row.orderId), row.orderId);
    }
    return report;
  }

  return {
    placed: (orderId, amountMinor) => void orders.set(orderId, amountMinor),
    settled,

    async wave(count, harm) {
      const before = orders.size;
      const attempts: Attempts = { failed: 0 };
      let ended = false;
      const waiting = <T>(what: string, look: () => Promise<T | false>) =>
        eventually(what, async () => ended || (await look()), SETTLES_WITHIN_MS);
      const progress: Progress = {
        share: () => (orders.size - before) / count,
        accepted: async (share) => {
          await waiting('so many are accepted', async () => orders.size >= before + share * count);
        },
        logged: async (share) => {
          await waiting('so many events are there', async () => {
            const head = Number(await stack.store.head(ctx));
            return head >= EVENTS * (before + share * count);
          });
        },
      };
      const clients = concurrently(count, CLIENTS, async (n) => {
        const asked = wish(n);
        const orderId = await placePatiently(stack.httpUrl, asked, attempts);
        assert.ok(!orders.has(orderId), 'each wish is an order of its own');
        orders.set(orderId, asked.amountMinor);
      }).finally(() => {
        // All are accepted, or one has failed: either way there is no more progress to wait for.
        ended = orders.size < before + count;
      });
      await Promise.all([clients, harm(progress)]);
      await settled();
      return attempts;
    },
  };
}
