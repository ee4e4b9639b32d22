/** Reads server-sent events with a token, which the browser's own EventSource cannot send. */
import { identity, refusal } from './api.js';

/** The server beats more often. */
const SILENCE_MS = 20_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Follows `path` until `signal` aborts; comes back by itself after a break, later each time.
 * `onState` hears `live` and `lost`. Resolves when `signal` aborts; rejects if the server
 * refuses who looks, since asking again would change nothing.
 * @param {string} path
 * @param {{
 *   signal: AbortSignal,
 *   onEvent: (type: string, data: unknown) => void,
 *   onState: (state: 'live' | 'lost') => void,
 * }} options
 */
export async function follow(path, { signal, onEvent, onState }) {
  for (let wait = FIRST_WAIT_MS; !signal.aborted; ) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await fetch(path, {
        headers: { ...identity(), accept: 'text/event-stream' },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (response.status === 401 || response.status === 403) throw await refusal(response);
      if (!response.ok || response.body === null) throw new Error(`${response.status}`);
      onState('live');
      wait = FIRST_WAIT_MS;
      const text = response.body.pipeThrough(new TextDecoderStream());
      const parse = parser(onEvent);
      const reader = text.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        parse(part.value);
      }
    } catch (error) {
      if (error instanceof Error && 'status' in error) throw error;
    } finally {
      clearTimeout(timer);
    }
    if (signal.aborted) return;
    onState('lost');
    // Many pages that lost one server shall not come back as one.
    const pause = wait * (0.5 + Math.random());
    await new Promise((resolve) => setTimeout(resolve, pause));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/**
 * Takes text in pieces of any size and tells each event once its blank line has come.
 * @param {(type: string, data: unknown) => void} onEvent
 */
export function parser(onEvent) {
  let rest = '';
  return (/** @type {string} */ piece) => {
    const blocks = (rest + piece).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      let type = 'message';
      const data = [];
      for (const line of block.split(/\r?\n/)) {
        if (line.startsWith('event:')) type = line.slice(6).trim();
        if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
      }
      if (data.length > 0) onEvent(type, JSON.parse(data.join('\n')));
    }
  };
}
