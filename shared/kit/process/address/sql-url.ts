/**
 * URLs of databases. They may name several hosts, `postgres://ada@one:5432,two:5433/db`, of
 * which one takes writes at a time; `URL` knows one host alone. No client is loaded for it.
 */

/** A server of a database. */
export interface SqlHost {
  readonly host: string;
  readonly port: number;
}

export interface SqlUrl {
  /** With the first host alone. */
  readonly url: URL;
  readonly hosts: readonly SqlHost[];
}

/** What `target_session_attrs` may be, and whether only a server that takes writes will do. */
export const sessionAttributes: Readonly<Record<string, boolean>> = {
  any: false,
  'read-write': true,
  primary: true,
};

const PARTS = /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/is;

/** What `text` says; undefined if it is no URL, or one of several hosts has no name. */
export function readSqlUrl(text: string): SqlUrl | undefined {
  const [, before = '', named = '', after = ''] = PARTS.exec(text) ?? [];
  const each = named.split(',').map((host) => URL.parse(`${before}${host}${after}`));
  const [url] = each;
  if (!url || each.some((one) => !one || (each.length > 1 && one.hostname === '')))
    return undefined;
  const hosts = each.map((one) => ({
    host: bare(decodeURIComponent(one?.hostname ?? '')),
    port: Number(one?.port || 5432),
  }));
  return { url, hosts };
}

/** The same, with the first host alone. Throws a TypeError if `text` is no URL. */
export function sqlUrl(text: string): URL {
  const read = readSqlUrl(text);
  if (read === undefined) throw new TypeError(`${text} is not the URL of a database`);
  return read.url;
}

/** `text` after `change` of all but its hosts, which stay. Throws a TypeError if it is no URL. */
export function changedSqlUrl(text: string, change: (url: URL) => void): string {
  const url = sqlUrl(text);
  change(url);
  const [, , named = ''] = PARTS.exec(text) ?? [];
  if (!named.includes(',')) return url.href;
  return url.href.replace(PARTS, (_whole, before, _first, after) => `${before}${named}${after}`);
}

/** `[::1]` in a URL is the address `::1`. */
const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
