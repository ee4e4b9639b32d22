/**
 * Gathers calls: while one group is under way the next one gathers, so that calls made at
 * the same time share the cost of one. No timer: a call never waits for others to come.
 * The idea of facebook/dataloader, without its cache, and of group commit.
 */
import { background, type Context, withTelemetry } from '../context.ts';
import type { Endpoint } from '../endpoint.ts';
import { CodedError, isKind } from '../errors.ts';
import { timeout } from '../middleware/timeout.ts';
import { isSampled } from '../trace-id.ts';
import type { BatchEndpoint } from './batch-endpoint.ts';

export interface GatherOptions<Item, Result> {
  /**
   * Answers all items, each at its index. Its context ends after `timeoutMs` and is in the
   * trace of the first sampled caller. After that time nobody waits for it any more: the calls
   * reject as `timeout`, and the next group begins.
   */
  readonly together: BatchEndpoint<Item, Result>;
  /**
   * For an item that is alone, and for each of a group that was refused for another reason
   * than an outage, so that one item's fault is not the others'. Default: all calls reject
   * with the group's error.
   */
  readonly singly?: Endpoint<Item, Result>;
  /** Most items in a group. */
  readonly most: number;
  /** Groups under way at the same time. Default 1. */
  readonly atOnce?: number;
  /** Most calls in no group yet; more are refused as `overloaded`. Default 10,000. */
  readonly mostWaiting?: number;
  /** For one group, in milliseconds. */
  readonly timeoutMs: number;
  /** Called with the size of each group; see `batchSizes`. */
  readonly onGroup?: (items: number) => void;
}

/** Failures that are everybody's. */
const outages = ['unavailable', 'timeout', 'overloaded', 'cancelled'] as const;

interface Waiting<Item, Result> {
  readonly ctx: Context;
  readonly item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * An endpoint whose calls go together. Each call rejects as soon as its own context is
 * aborted; its group goes on without it. Nothing to close.
 */
export function gathered<Item, Result>(
  options: GatherOptions<Item, Result>,
): Endpoint<Item, Result> {
  const { singly, most, atOnce = 1, mostWaiting = 10_000 } = options;
  const together = timeout(options.timeoutMs)(options.together) as typeof options.together;
  const onGroup = options.onGroup ?? (() => undefined);
  let queue: Waiting<Item, Result>[] = [];
  let underWay = 0;
  let scheduled = false;

  /** On the next turn, so that all calls of this turn go together. */
  function schedule(): void {
    if (scheduled || underWay >= atOnce || queue.length === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      while (underWay < atOnce && queue.length > 0) void run(take());
    });
  }

  function take(): Waiting<Item, Result>[] {
    const group = queue.slice(0, most);
    queue = queue.slice(most);
    return group.filter(({ ctx }) => !ctx.signal.aborted);
  }

  /** Never rejects. */
  async function run(group: readonly Waiting<Item, Result>[]): Promise<void> {
    if (group.length === 0) return;
    underWay++;
    onGroup(group.length);
    try {
      if (group.length === 1 && singly !== undefined) return await each(group, singly);
      const results = await together(
        contextOf(group),
        group.map(({ item }) => item),
      );
      if (results.length !== group.length) throw miscounted(results.length, group.length);
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (singly !== undefined && !isKind(error, ...outages)) await each(group, singly);
      else for (const { reject } of group) reject(error);
    } finally {
      underWay--;
      schedule();
    }
  }

  async function each(
    group: readonly Waiting<Item, Result>[],
    endpoint: Endpoint<Item, Result>,
  ): Promise<void> {
    await Promise.all(
      group.map(async ({ ctx, item, resolve, reject }) => {
        try {
          resolve(await endpoint(ctx, item));
        } catch (error) {
          reject(error);
        }
      }),
    );
  }

  function contextOf(group: readonly Waiting<Item, Result>[]): Context {
    const ctx = background();
    const sampled = group.find((waiting) => isSampled(waiting.ctx))?.ctx.telemetry;
    const telemetry = sampled ?? group[0]?.ctx.telemetry ?? ctx.telemetry;
    return withTelemetry(ctx, telemetry);
  }

  return (ctx, item) => {
    const { signal } = ctx;
    if (signal.aborted) return Promise.reject(signal.reason);
    if (queue.length >= mostWaiting) return Promise.reject(tooMany(queue.length));
    return new Promise((resolve, reject) => {
      const leave = () => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      const stay = () => signal.removeEventListener('abort', leave);
      queue.push({
        ctx,
        item,
        resolve: (result) => {
          stay();
          resolve(result);
        },
        reject: (error) => {
          stay();
          reject(error);
        },
      });
      schedule();
    });
  };
}

const tooMany = (waiting: number) =>
  new CodedError('overloaded', 'too_many_calls', `${waiting} calls already wait.`, {
    retryAfterMs: 1_000,
  });

const miscounted = (answers: number, calls: number) =>
  new Error(`${answers} answers to ${calls} calls.`);
