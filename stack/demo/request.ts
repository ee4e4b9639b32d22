const REQUEST_MS = 10_000;

/** The answer to a GET. Throws when it is no success, or does not come in ten seconds. */
export async function getJson<T>(url: string): Promise<T> {
  return (await (await request('GET', url)).json()) as T;
}

/** Posts `body` as JSON. Throws, with what the server said, when the answer is no success. */
export function postJson(url: string, body: unknown): Promise<Response> {
  return request('POST', url, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function request(method: string, url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, { ...init, method, signal: AbortSignal.timeout(REQUEST_MS) });
  if (response.ok) return response;
  throw new Error(`${method} ${url} was answered ${response.status}: ${await response.text()}`);
}
