import { SetupProblem } from '../problem.ts';

const REQUEST_MS = 10_000;

const LOOK_MS = 2_000;
const REMEDY = 'read the output of make start';

/** The answer to a GET. Throws a `SetupProblem` when it is no success, or does not come in ten seconds. */
export async function getJson<T>(url: string): Promise<T> {
  return (await (await request('GET', url)).json()) as T;
}

/** Posts `body` as JSON. Throws a `SetupProblem`, with what the server said, when the answer is no success. */
export function postJson(url: string, body: unknown): Promise<Response> {
  return request('POST', url, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** True if an ordersvc answers at `url`: only its answers have this header. Never throws. */
export async function takesOrders(url: string): Promise<boolean> {
  const init = { signal: AbortSignal.timeout(LOOK_MS) };
  const answer = await fetch(`${url}/openapi.json`, init).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true && answer.headers.has('x-trace-id');
}

async function request(method: string, url: string, init: RequestInit = {}): Promise<Response> {
  const signal = AbortSignal.timeout(REQUEST_MS);
  const response = await fetch(url, { ...init, method, signal }).catch((cause: Error) => {
    const { message } = (cause.cause ?? cause) as Error;
    throw new SetupProblem(`${method} ${url} got no answer (${message})`, REMEDY, { cause });
  });
  if (response.ok) return response;
  const said = await response.text();
  throw new SetupProblem(`${method} ${url} was answered ${response.status}: ${said}`, REMEDY);
}
