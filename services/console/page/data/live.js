/**
 * What the server tells by itself, for every view: one connection, the last word of each
 * kind, the last hour of the pipeline.
 * @import { LiveEvents, LiveOrders, Pipeline, PipelinePoint } from '../../http/contract.ts'
 */
import { follow } from './event-stream.js';

/** Who missed something asks again, but no more often. */
const MISSED_MS = 3_000;
/** An hour, one a second. */
const POINTS = 3_600;

export class Live {
  /** @type {'connecting' | 'live' | 'lost'} */
  state = 'connecting';
  /** @type {Pipeline | undefined} */
  pipeline;
  /** @type {PipelinePoint[]} */
  points = [];
  /** @type {Map<(orders: LiveOrders) => void, (() => void) | undefined>} */
  #orders = new Map();
  #broken = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #calm;
  #missedMore = false;
  #changed;
  #stop = new AbortController();

  /** @param {() => void} changed something that views show has changed */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Follows until `stop`. Rejects if the server refuses who looks. */
  async start() {
    await follow('/api/live', {
      signal: this.#stop.signal,
      onEvent: (type, data) => this.#take(type, data),
      onState: (state) => {
        this.state = state;
        this.#broken ||= state === 'lost';
        this.#changed();
      },
    });
  }

  stop() {
    this.#stop.abort();
    clearTimeout(this.#calm);
  }

  /**
   * Hears changed orders until the function that it returns is called. `missed` is called when
   * some that changed were not told, in a break or because they were too many: at once, and
   * again at most every three seconds.
   * @param {(orders: LiveOrders) => void} listener
   * @param {() => void} [missed]
   */
  onOrders(listener, missed) {
    this.#orders.set(listener, missed);
    return () => {
      this.#orders.delete(listener);
    };
  }

  #missed() {
    this.#missedMore = this.#calm !== undefined;
    if (this.#missedMore) return;
    this.#calm = setTimeout(() => {
      this.#calm = undefined;
      if (this.#missedMore) this.#missed();
    }, MISSED_MS);
    for (const missed of this.#orders.values()) missed?.();
  }

  /** @param {string} type @param {unknown} data */
  #take(type, data) {
    if (type === 'hello') {
      this.points = [.../** @type {LiveEvents['hello']} */ (data).pipeline].slice(-POINTS);
      if (this.#broken) this.#missed();
      this.#broken = false;
    } else if (type === 'pipeline') {
      this.pipeline = /** @type {Pipeline} */ (data);
      this.points.push(pointOf(this.pipeline));
      if (this.points.length > POINTS) this.points.shift();
    } else if (type === 'orders') {
      const orders = /** @type {LiveOrders} */ (data);
      for (const listener of this.#orders.keys()) listener(orders);
      if ((orders.changed ?? 0) > orders.rows.length) this.#missed();
    }
    this.#changed();
  }
}

/** @param {Pipeline} now @returns {PipelinePoint} */
function pointOf({
  at,
  head,
  accepted_per_s,
  completed_per_s,
  journey_ms,
  open,
  overdue,
  consumers,
}) {
  return {
    at,
    head,
    accepted: accepted_per_s,
    completed: completed_per_s,
    ...(journey_ms && { p50: journey_ms.p50, p99: journey_ms.p99 }),
    ...(open && { open: open.Pending + open.Paid }),
    ...(overdue !== undefined && { overdue }),
    lag: Object.fromEntries(consumers.map(({ name, lag }) => [name, lag])),
  };
}
