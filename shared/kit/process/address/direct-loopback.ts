import { setGlobalProxyFromEnv } from 'node:http';

/** This machine, in the forms that no_proxy knows. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1', '[::1]'];

/** The variables that name a proxy, in lower case. */
const PROXIES = ['http_proxy', 'https_proxy', 'all_proxy', 'grpc_proxy'];

/**
 * Lets calls to this machine bypass any proxy: a proxy elsewhere would look for the
 * service on its own machine. Other addresses follow `no_proxy`. Call it before the first
 * request; changes `env`.
 */
export function keepLoopbackDirect(env: NodeJS.ProcessEnv = process.env): void {
  const proxied = Object.keys(env).some((name) => PROXIES.includes(name.toLowerCase()));
  if (!proxied) return;
  const given = env.no_proxy ?? env.NO_PROXY ?? '';
  const named = given.split(',').map((part) => part.trim());
  const missing = LOOPBACK.filter((host) => !named.includes(host));
  env.no_proxy = [...named.filter((part) => part !== ''), ...missing].join(',');
  // Node read the variables at startup, for callers that use its own agents.
  const uses = env.NODE_USE_ENV_PROXY === '1' || process.execArgv.includes('--use-env-proxy');
  if (uses && env === process.env) setGlobalProxyFromEnv(env);
}
