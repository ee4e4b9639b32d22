/** The console's own HTTP: JSON with the token of who looks, and refusals in words. */

const KEY = 'console.token';
/** More than the services behind allow themselves. */
const DEADLINE_MS = 15_000;

/** The token stays in this tab and ends with it. */
export const token = {
  get: () => sessionStorage.getItem(KEY) ?? undefined,
  set: (/** @type {string} */ value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** The headers that tell who looks. */
export function identity() {
  const given = token.get();
  return /** @type {Record<string, string>} */ (given ? { authorization: `Bearer ${given}` } : {});
}

/** A refusal, or no answer at all: `code` is stable, `message` is for people. */
export class Refusal extends Error {
  /**
   * @param {number} status 0: there was no answer
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Without a change by the person the next answer may be another one. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * The answer's body. Rejects with a `Refusal`, also after 15 seconds; aborting `signal`
 * rejects with its reason.
 * @template T
 * @param {string} path
 * @param {{ method?: string, body?: unknown, signal?: AbortSignal }} [options]
 * @returns {Promise<T>}
 */
export async function ask(path, { method = 'GET', body, signal } = {}) {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...identity(),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const why = deadline.aborted ? 'did not answer in time' : 'cannot be reached';
    throw new Refusal(0, 'unreachable', `The console’s server ${why}. Is the stack running?`);
  }
  if (response.ok) return await response.json();
  throw await refusal(response);
}

/**
 * A problem document in words.
 * @param {Response} response
 */
export async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const words = problem.detail ?? problem.title ?? `The answer was ${response.status}.`;
  return new Refusal(response.status, problem.code ?? String(response.status), sentence(words));
}

/** @param {string} words */
function sentence(words) {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
