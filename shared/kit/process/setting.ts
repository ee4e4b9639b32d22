import { z } from 'zod';
import { currencyOf } from '../../money/currency.ts';
import { readSqlUrl, sessionAttributes } from './address/sql-url.ts';
import { Secret } from './secret.ts';

/** A setting's schema; its input is text or undefined. */
export type Setting<T> = z.ZodType<T, string | undefined>;

/** What `loadConfig` returns for settings of this shape. */
export type Read<Shape extends z.core.$ZodLooseShape> = z.output<z.ZodObject<Shape>>;

/**
 * A setting with the default `byDefault` (required if that is undefined), and otherwise
 * the result of `parse`; undefined from `parse` is a refusal.
 */
export function from<T>(
  byDefault: T | undefined,
  wanted: string,
  parse: (text: string) => T | undefined,
): Setting<T> {
  return z
    .string()
    .optional()
    .transform((text, issues) => {
      const value = text === undefined ? byDefault : parse(text.trim());
      if (value !== undefined) return value;
      issues.addIssue({ code: 'custom', message: `must be ${wanted}` });
      return z.NEVER;
    });
}

const secrets = new WeakSet<z.ZodType>();

/** Whether this setting's value is a secret, which no message may show. */
export const isSecret = (schema: z.ZodType): boolean => secrets.has(schema);

/**
 * A secret's schema: text from the environment, or what `NAME_FILE` leads to. What is not
 * `right` at the start is refused as not `wanted`.
 */
function secret(
  wanted = 'a secret',
  right: (text: string) => boolean = () => true,
): Setting<Secret | undefined> {
  const schema = z
    .unknown()
    .optional()
    .transform((given, issues) => {
      const held = typeof given === 'string' ? Secret.of(given.trim()) : given;
      if (!(held instanceof Secret)) return undefined;
      if (right(held.reveal())) return held;
      issues.addIssue({ code: 'custom', message: `must be ${wanted}` });
      return z.NEVER;
    });
  secrets.add(schema);
  return schema as Setting<Secret | undefined>;
}

/** The path of a file; undefined where it is not set. */
const path = (): Setting<string | undefined> =>
  z
    .string()
    .optional()
    .transform((text) => text?.trim());

const strict = new WeakMap<z.ZodType, readonly string[]>();

/** The variables of which one must be set where other machines reach the service, beside the setting's own; undefined if it may be left out. */
export const requiredInStrictOr = (schema: z.ZodType): readonly string[] | undefined =>
  strict.get(schema);

/**
 * The same setting, which a service in strict mode needs (see `modeOf`): `loadConfig` refuses to
 * go without, unless ALLOW_INSECURE is true. For credentials, and for what proves those of others.
 *
 * @param or variables that do instead
 */
export function requiredInStrict<T extends z.ZodType>(schema: T, ...or: readonly string[]): T {
  strict.set(schema, or);
  return schema;
}

/** The value of a flag's text; undefined if it is neither true nor false. */
export function flag(text: string): boolean | undefined {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  return /^(false|0|no|off)$/i.test(text) ? false : undefined;
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function numeric(pattern: RegExp, byDefault: number | undefined, wanted: string, range: Range) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = range;
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return from(byDefault, `${wanted} ${bounds}`, (text) => {
    const value = pattern.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** A URL with one of these protocols (`postgres`, `http`), kept as text. */
function url(byDefault: string | undefined, protocols: readonly string[]) {
  const names = protocols.map((protocol) => protocol.replace(/:(\/\/)?$/, ''));
  const wanted = `a URL that begins with ${names.map((name) => `${name}://`).join(' or ')}`;
  return from(byDefault, wanted, (text) =>
    names.includes(URL.parse(text)?.protocol.slice(0, -1) ?? '') ? text : undefined,
  );
}

const DATABASE_URL =
  'a URL that begins with postgres:// or postgresql://, with a name for each of several hosts, and target_session_attrs=read-write, primary or any if it has that';

function databaseUrl(text: string): string | undefined {
  const { url: address } = readSqlUrl(text) ?? {};
  if (!['postgres:', 'postgresql:'].includes(address?.protocol ?? '')) return undefined;
  const wanted = address?.searchParams.get('target_session_attrs') ?? 'any';
  return Object.hasOwn(sessionAttributes, wanted) ? text : undefined;
}

function isNatsAddress(text: string): boolean {
  const address = URL.parse(text.trim());
  return (
    address !== null && ['nats:', 'tls:'].includes(address.protocol) && address.hostname !== ''
  );
}

const STREAM_NAME = /^[A-Z][A-Z0-9_-]{0,31}$/;

/**
 * The kinds of settings. Each takes its default first; without one the setting is
 * required. Numbers are decimal; the default range is 0 and up.
 */
export const setting = {
  path,
  /** A TCP port; 0 lets the system choose. */
  port: (byDefault?: number) =>
    numeric(/^\d+$/, byDefault, 'a port number', { min: 0, max: 65535 }),
  integer: (byDefault?: number, range: Range = {}) =>
    numeric(/^-?\d+$/, byDefault, 'a whole number', range),
  number: (byDefault?: number, range: Range = {}) =>
    numeric(/^-?\d+(\.\d+)?$/, byDefault, 'a number', range),
  /** A duration in milliseconds, at most the longest that a timer can wait. */
  milliseconds: (byDefault?: number, range: Range = {}) =>
    numeric(/^\d+$/, byDefault, 'a number of milliseconds', { max: 2 ** 31 - 1, ...range }),
  text: (byDefault?: string) => from(byDefault, 'some text', (text) => text),
  url,
  /** A URL of PostgreSQL or CockroachDB, kept as text; it may name several hosts. */
  databaseUrl: (byDefault?: string) => from(byDefault, DATABASE_URL, databaseUrl),
  /** One address of NATS, or several separated by commas, kept as text. */
  natsUrl: (byDefault?: string) =>
    from(byDefault, 'nats:// or tls:// with a host, or several separated by commas', (text) =>
      text.split(',').every(isNatsAddress) ? text : undefined,
    ),
  /** Copies of a stream that the broker keeps: 1 on a single server, 3 on a cluster. Default 1. */
  streamReplicas: () => numeric(/^\d+$/, 1, 'a whole number', { min: 1, max: 5 }),
  /** Names of streams, each once: capital letters, digits, `-` and `_`; subjects and tables hold them. */
  streams: (byDefault: readonly string[]) =>
    from(byDefault, 'names of capital letters, separated by commas', (text) => {
      const names = text.split(',').map((name) => name.trim());
      return names.every((name) => STREAM_NAME.test(name)) ? [...new Set(names)] : undefined;
    }),
  /** A currency's code (ISO 4217), in upper case. Amounts in the log depend on it, so it cannot change later. */
  currency: (byDefault: string) =>
    from(currencyOf(byDefault), 'the ISO 4217 code of a currency, such as USD', currencyOf),
  /** Texts separated by commas; blanks around them and empty ones are dropped. */
  list: (byDefault: readonly string[] = []) =>
    from(byDefault, 'a comma separated list', (text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    ),
  /** A secret, which also `NAME_FILE` may give; undefined where neither is set. */
  secret,
  flag: (byDefault?: boolean) => from(byDefault, 'true or false', flag),
  /** One of `choices`, exactly as written there. */
  choice: <const T extends string>(byDefault: T | undefined, choices: readonly T[]) =>
    from<T>(byDefault, `one of ${choices.join(', ')}`, (text) =>
      choices.find((choice) => choice === text),
    ),
} as const;
