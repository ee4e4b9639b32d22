/** Something that is asked of the server, and again: what was answered last, or why nothing was. */
import { ask } from './api.js';

/**
 * Asks at once, and then each `everyMs` while the page can be seen. `value` is the last
 * answer, which a refusal does not take away. `stop` ends it, with what is under way.
 * @template T
 * @param {string | (() => string)} path
 * @param {{ update: () => void, everyMs?: number }} options
 */
export function asked(path, { update, everyMs }) {
  const ends = new AbortController();
  let asking = false;
  let wanted = false;
  const state = {
    /** @type {T | undefined} */
    value: undefined,
    /** @type {unknown} */
    refused: undefined,
    /** Asks now; what is asked meanwhile is asked once, afterwards. */
    async again() {
      wanted = true;
      if (asking) return;
      asking = true;
      while (wanted && !ends.signal.aborted) {
        wanted = false;
        try {
          const answer = await ask(typeof path === 'string' ? path : path(), {
            signal: ends.signal,
          });
          state.value = /** @type {T} */ (answer);
          state.refused = undefined;
        } catch (error) {
          if (ends.signal.aborted) return;
          state.refused = error;
        }
        update();
      }
      asking = false;
    },
    stop() {
      ends.abort();
      clearInterval(timer);
    },
  };
  const timer =
    everyMs === undefined
      ? undefined
      : setInterval(() => {
          if (!document.hidden) void state.again();
        }, everyMs);
  void state.again();
  return state;
}
