import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { modeOf } from './address/mode.ts';
import { Secret } from './secret.ts';
import { flag, isSecret, requiredInStrictOr } from './setting.ts';

export {
  type ServiceConfig,
  type ServiceDefaults,
  serviceConfig,
  serviceSettings,
} from './service-settings.ts';
export { type Read, requiredInStrict, type Setting, setting } from './setting.ts';

/**
 * The configuration is not valid. The message lists every problem on its own line, with the
 * variable, its value (secrets masked) and what it must be; print it without a stack trace.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Its lines. */
  readonly problems: readonly string[];

  constructor(message: string, problems: readonly string[] = [message]) {
    super(message);
    this.problems = problems;
  }
}

/** The ConfigError that lists these problems. */
export const configError = (problems: readonly string[]): ConfigError =>
  new ConfigError(
    ['The configuration is not valid:', ...problems.map((problem) => `  ${problem}`)].join('\n'),
    problems,
  );

/**
 * Reads the configuration from environment variables. An empty variable counts as unset.
 * A setting can also lie in the file that `NAME_FILE` names; one or the other. Throws
 * ConfigError that lists every problem, not only the first. A BIND_ADDRESS that
 * other machines can reach is one, unless ALLOW_INSECURE is true or the schema has credentials
 * ({@link requiredInStrict}) and all are set.
 */
export function loadConfig<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv = process.env): T {
  const set = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const shape: Readonly<Record<string, z.ZodType>> =
    schema instanceof z.ZodObject ? schema.shape : {};
  const files = inFiles(shape, set);
  const result = schema.safeParse({ ...set, ...files.read });
  const problems = (result.error?.issues ?? []).flatMap((issue) => {
    const name = issue.path.join('.');
    const value = set[name] ?? files.read[name];
    if (value === undefined && files.wrong.has(name)) return [];
    if (value === undefined) return `${name} is not set: ${issue.message}`;
    const told = value instanceof Secret ? String(value) : shownValue(shape, name, String(value));
    return `${name} is "${told}": ${issue.message}`;
  });
  problems.push(...files.wrong.values());
  problems.push(...openBinding(set, shape), ...halfTls(set, shape));
  if (!result.success || problems.length > 0) {
    throw configError(problems);
  }
  return result.data;
}

/** The settings that `NAME_FILE` gives, and why those that it does not give are wrong, by name. */
function inFiles(shape: Readonly<Record<string, z.ZodType>>, set: NodeJS.ProcessEnv) {
  const read: Record<string, Secret | string> = {};
  const wrong = new Map<string, string>();
  for (const [name, schema] of Object.entries(shape)) {
    const path = set[`${name}_FILE`]?.trim();
    if (path === undefined || `${name}_FILE` in shape) continue;
    if (set[name] !== undefined) {
      wrong.set(name, `${name} and ${name}_FILE are both set: unset one of them`);
      continue;
    }
    try {
      read[name] = isSecret(schema) ? Secret.inFile(path) : readFileSync(path, 'utf8').trim();
    } catch (error) {
      // Somebody may have put there the secret itself.
      const isPath = !isSecret(schema) || path.includes('/');
      const why = isPath ? (error as Error).message : (error as NodeJS.ErrnoException).code;
      wrong.set(name, `${name}_FILE is "${isPath ? path : '***'}": it cannot be read (${why})`);
    }
  }
  return { read, wrong };
}

function shownValue(
  shape: Readonly<Record<string, z.ZodType>>,
  name: string,
  value: string,
): string {
  const schema = shape[name];
  return schema !== undefined && isSecret(schema) ? '***' : masked(name, value);
}

/**
 * Why the bind address must be refused; nothing if it is allowed. It reads the raw
 * variables, so that it is reported together with other problems.
 */
function openBinding(
  set: NodeJS.ProcessEnv,
  shape: Readonly<Record<string, z.ZodType>>,
): readonly string[] {
  if (flag(set.ALLOW_INSECURE ?? '') === true) return [];
  // As the setting reads it: a blank around it must not lead past this.
  const isOpen = (address = '') => isIP(address) !== 0 && modeOf(address) === 'strict';
  const [address, admin] = [set.BIND_ADDRESS?.trim(), set.ADMIN_ADDRESS?.trim()];
  const problems = isOpen(admin)
    ? [
        `ADMIN_ADDRESS is "${admin}": other machines could ask this service without authentication; set ALLOW_INSECURE=true to allow it`,
      ]
    : [];
  // Not an address, or localhost: the schema judges.
  if (!isOpen(address)) return problems;
  const open = `BIND_ADDRESS is "${address}": other machines could reach this service without authentication;`;
  const wanted = Object.entries(shape).flatMap(([name, schema]) => {
    const or = requiredInStrictOr(schema);
    return or === undefined ? [] : [[name, ...or]];
  });
  if (wanted.length === 0) return [...problems, `${open} set ALLOW_INSECURE=true to allow it`];
  const missing = wanted.filter((names) =>
    names.every((name) => (set[name] ?? set[`${name}_FILE`]) === undefined),
  );
  if (missing.length === 0) return problems;
  const names = missing.map((one) => one.join(' or ')).join(', ');
  return [...problems, `${open} set ${names}, or ALLOW_INSECURE=true to go without`];
}

const TLS = ['TLS_CA_FILE', 'TLS_CERT_FILE', 'TLS_KEY_FILE'];

/** A certificate is of no use without its key, nor without the authority of the others. */
function halfTls(set: NodeJS.ProcessEnv, shape: Readonly<Record<string, z.ZodType>>): string[] {
  const missing = TLS.filter((name) => set[name] === undefined);
  if (!('TLS_CERT_FILE' in shape) || missing.length === 0 || missing.length === 3) return [];
  return missing.map((name) => `${name} is not set: ${TLS.join(', ')} belong together`);
}

/** Parameters of an address that say nothing of who logs in. */
const KNOWN =
  /^(ssl|sslmode|application_name|connect_timeout|search_path|target_session_attrs|schema)$/i;

/**
 * `value` fit for a message: asterisks replace whatever can be a credential. That is all before
 * an `@`, as a password may hold any character, the parameters of an address but for a few that
 * are known, and values of variables named like secrets.
 */
function masked(name: string, value: string): string {
  if (/PASS|SECRET|TOKEN|CREDENTIAL|KEY|SEED|HEADERS/i.test(name)) return '***';
  return value
    .replace(/^((?:[a-z][a-z\d+.-]*:)?\/\/)?.*@/is, '$1***@')
    .replace(/([?&;\s]|^)([^=?&;\s]+)=([^&;\s]*)/g, (all, before, key) =>
      KNOWN.test(key) ? all : `${before}${key}=***`,
    );
}
