import { isIP } from 'node:net';
import type { z } from 'zod';
import { isLoopback } from './loopback.ts';
import { flag } from './setting.ts';

export {
  type ServiceConfig,
  type ServiceDefaults,
  serviceConfig,
  serviceSettings,
} from './service-settings.ts';
export { type Read, type Setting, setting } from './setting.ts';

/**
 * The configuration is not valid. The message lists every problem on its own line, with the
 * variable, its value (secrets masked) and what it must be; print it without a stack trace.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The ConfigError that lists these problems. */
export const configError = (problems: readonly string[]): ConfigError =>
  new ConfigError(
    ['The configuration is not valid:', ...problems.map((problem) => `  ${problem}`)].join('\n'),
  );

/**
 * Reads the configuration from environment variables. An empty variable counts as unset.
 * Throws ConfigError that lists every problem, not only the first. A BIND_ADDRESS that
 * other machines can reach is one unless ALLOW_INSECURE is true, because nothing here
 * authenticates callers.
 */
export function loadConfig<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv = process.env): T {
  const set = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const result = schema.safeParse(set);
  const problems = (result.error?.issues ?? []).map((issue) => {
    const name = issue.path.join('.');
    const value = set[name];
    return value === undefined
      ? `${name} is not set: ${issue.message}`
      : `${name} is "${masked(name, value)}": ${issue.message}`;
  });
  const open = openBinding(set);
  if (open !== undefined) problems.push(open);
  if (!result.success || problems.length > 0) {
    throw configError(problems);
  }
  return result.data;
}

/**
 * Why the bind address must be refused; undefined if it is allowed. It reads the raw
 * variables, so that it is reported together with other problems.
 */
function openBinding(set: NodeJS.ProcessEnv): string | undefined {
  const address = set.BIND_ADDRESS;
  if (address === undefined || flag(set.ALLOW_INSECURE ?? '') === true) return undefined;
  if (isIP(address) === 0) return undefined; // not an address, or localhost: the schema judges
  if (isLoopback(address)) return undefined;
  return `BIND_ADDRESS is "${address}": other machines could reach this service without authentication; set ALLOW_INSECURE=true to allow it`;
}

/**
 * `value` fit for a message: asterisks replace credentials in URLs and query parameters,
 * and values of variables named like secrets.
 */
function masked(name: string, value: string): string {
  if (/PASSWORD|SECRET|TOKEN|CREDENTIAL/i.test(name)) return '***';
  return value
    .replace(/\/\/\S*@/g, '//***@')
    .replace(/((?:password|secret|token)=)[^&\s]*/gi, '$1***');
}
