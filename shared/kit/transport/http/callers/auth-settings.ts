import type { Logger } from '../../../logger.ts';
import { isLoopback } from '../../../process/address/loopback.ts';
import type { Mode } from '../../../process/address/mode.ts';
import { configError, type Read, requiredInStrict, setting } from '../../../process/config.ts';
import { bearerTokens, keysAt, keysInFile, type TokenRules } from './bearer-tokens.ts';
import { type WhoCalls, whoCalls } from './who-calls.ts';

/**
 * How a service learns who calls it over HTTP; spread them into its own. AUTH_ISSUER,
 * AUTH_AUDIENCE and one of AUTH_JWKS_URL and AUTH_JWKS_FILE belong together.
 */
export function authSettings() {
  return {
    /** The `iss` of tokens. */
    AUTH_ISSUER: requiredInStrict(setting.text('')),
    /** The `aud` of tokens. */
    AUTH_AUDIENCE: requiredInStrict(setting.text('')),
    /** Where the issuer publishes its public keys, or a file that holds them. Both are read again: keys may change at any time. */
    AUTH_JWKS_URL: requiredInStrict(setting.text(''), 'AUTH_JWKS_FILE'),
    AUTH_JWKS_FILE: setting.text(''),
    /** The claim that holds the roles. */
    AUTH_ROLES_CLAIM: setting.text('roles'),
    /** How far the issuer's clock may be from ours, in seconds. */
    AUTH_CLOCK_SKEW_SECONDS: setting.integer(30, { max: 600 }),
    /** How many proxies of our own add to X-Forwarded-For. With one or more, nobody is taken for a person of this machine. */
    TRUSTED_PROXIES: setting.integer(0, { max: 16 }),
  } as const;
}

/** What the settings say. `tokens` is undefined where none are accepted. */
export interface AuthConfig {
  readonly tokens: (TokenRules & { readonly load: () => Promise<string> }) | undefined;
  readonly trustedProxies: number;
}

/** The values of `authSettings`. Throws ConfigError if only a part of them is set. */
export function authConfig(read: Read<ReturnType<typeof authSettings>>): AuthConfig {
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = read;
  const { AUTH_JWKS_URL: url, AUTH_JWKS_FILE: file } = read;
  const trustedProxies = read.TRUSTED_PROXIES;
  if ([issuer, audience, url, file].every((text) => text === '')) {
    return { tokens: undefined, trustedProxies };
  }
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience })) {
    if (value === '') problems.push(`${name} is not set: other AUTH_ settings are, so set it, too`);
  }
  if ((url === '') === (file === '')) {
    problems.push('AUTH_JWKS_URL and AUTH_JWKS_FILE: set one of them');
  }
  if (url !== '' && !isSafe(url)) {
    problems.push('AUTH_JWKS_URL must begin with https://, or lead to this machine');
  }
  if (problems.length > 0) throw configError(problems);
  const rules = { issuer, audience, rolesClaim: read.AUTH_ROLES_CLAIM };
  const load = url === '' ? keysInFile(file) : keysAt(url);
  return {
    tokens: { ...rules, skewSeconds: read.AUTH_CLOCK_SKEW_SECONDS, load },
    trustedProxies,
  };
}

/** Who could change what comes over plain HTTP could sign tokens. */
function isSafe(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
}

/**
 * Who calls a service with this configuration. A caller without a token is a person of this
 * machine in local mode, unless proxies are in front, and wherever no tokens are accepted.
 */
export function configuredWhoCalls(
  { tokens, trustedProxies, mode }: AuthConfig & { readonly mode: Mode },
  logger: Logger,
): WhoCalls {
  return whoCalls({
    tokens: tokens && bearerTokens({ ...tokens, keys: { load: tokens.load }, logger }),
    trusting: tokens === undefined || (mode === 'local' && trustedProxies === 0),
    trustedProxies,
  });
}
