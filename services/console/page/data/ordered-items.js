/**
 * What was ordered, for orders whose rows do not tell: asked for one after another, and kept
 * for as many as are shown at once. It never changes.
 * @import { OrderDetail, OrderLine } from '../../http/contract.ts'
 */
import { ask } from './api.js';

const KEPT = 200;

/** @param {() => void} update paints, when an answer has come */
export function orderedItems(update) {
  const ends = new AbortController();
  /** Undefined: asked for. @type {Map<string, readonly OrderLine[] | undefined>} */
  const known = new Map();
  let last = Promise.resolve();

  /** @param {string} id */
  async function askFor(id) {
    if (ends.signal.aborted) return;
    try {
      /** @type {OrderDetail} */
      const { order } = await ask(`/api/orders/${encodeURIComponent(id)}`, {
        signal: ends.signal,
      });
      known.set(id, order.items);
      update();
    } catch {
      // It is asked for again the next time that it is shown.
      known.delete(id);
    }
  }
  return {
    /** The lines of an order; undefined until they are known. @param {string} id */
    of(id) {
      if (!known.has(id)) {
        const [first] = known.keys();
        if (known.size >= KEPT && first !== undefined) known.delete(first);
        known.set(id, undefined);
        last = last.then(() => askFor(id));
      }
      return known.get(id);
    },
    stop: () => ends.abort(),
  };
}
