/**
 * The keys of customers in a file of their own, apart from the backup whose texts they open. A
 * customer who is erased afterwards is taken out of it, and never brought back by it.
 */
import { createHash } from 'node:crypto';
import type { Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { KeyRow } from '../../shared/personal-data/key-table.ts';
import type { PersonalData } from '../../shared/personal-data/personal-data.ts';
import type { KeyCopy } from '../../shared/personal-data/sql-key-copy.ts';
import { whereNothingIsSealed } from '../personal/no-keys.ts';

/** What a file of keys holds. */
export interface KeysBackup {
  /** ISO 8601. */
  readonly madeAt: string;
  readonly rows: readonly KeyRow[];
  /** Pseudonyms whose keys were deleted before it was made. */
  readonly erased: readonly string[];
}

const FORMAT = 'orders keys 1';

/**
 * The keys as they are now. Make it after the backup of the log: a key is there before the first
 * event that needs it. There are none where nothing was ever sealed. Who is erased meanwhile is in the list of erasures, which is read last.
 */
export async function readKeys(ctx: Context, keys: KeyCopy, madeAt: string): Promise<KeysBackup> {
  const rows: KeyRow[] = [];
  for (let after = ''; ; ) {
    const page = await keys.page(ctx, after).catch(whereNothingIsSealed([]));
    const last = page.at(-1);
    if (last === undefined) break;
    rows.push(...page);
    after = last.pseudonym;
  }
  const backup = { madeAt, rows, erased: [] };
  const erased = await keys.erased(ctx).catch(whereNothingIsSealed([]));
  return withoutErased(backup, erased);
}

/** The same without the keys of these people, whose erasures it then has. */
export function withoutErased(backup: KeysBackup, pseudonyms: readonly string[]): KeysBackup {
  const erased = new Set([...backup.erased, ...pseudonyms]);
  return {
    ...backup,
    rows: backup.rows.filter(({ pseudonym }) => !erased.has(pseudonym)),
    erased: [...erased].toSorted(),
  };
}

/** The file's text. */
export function keysText({ madeAt, rows, erased }: KeysBackup): string {
  const lines = [
    { format: FORMAT, made_at: madeAt },
    ...rows.map(({ pseudonym, name, secret }) => ['key', pseudonym, name, secret]),
    ...erased.map((pseudonym) => ['erased', pseudonym]),
  ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  return `${text}${JSON.stringify({ sha256: sha256(text) })}\n`;
}

/** Reads it. Throws CodedError `keys_damaged` unless it is whole. */
export function keysIn(text: string): KeysBackup {
  const at = text.lastIndexOf('\n', text.length - 2) + 1;
  const [content, last] = [text.slice(0, at), text.slice(at)];
  const { sha256: wanted } = parsed<{ sha256?: string }>(last);
  if (wanted === undefined || wanted !== sha256(content)) {
    throw damaged('it was changed, or is not complete');
  }
  const [head = '', ...lines] = content.trimEnd().split('\n');
  const { format, made_at: madeAt = '' } = parsed<{ format?: string; made_at?: string }>(head);
  if (format !== FORMAT) throw damaged('its format is unknown to this release');
  const rows: KeyRow[] = [];
  const erased: string[] = [];
  for (const line of lines) {
    const [kind, pseudonym = '', name = '', secret = ''] = parsed<string[]>(line);
    if (kind === 'key') rows.push({ pseudonym, name, secret });
    else erased.push(pseudonym);
  }
  return { madeAt, rows, erased };
}

export interface RestoredKeys {
  /** Keys that are there now, and were not before. */
  readonly keys: number;
  /** Of the file, not brought back: their people were erased. */
  readonly left_out: number;
}

const AT_ONCE = 1_000;

/**
 * Brings the keys back, but for those of people who were erased: by the file, by this database,
 * or by `erasures`, the list that is kept beside backups. May be repeated. Rejects with
 * `keys_of_others` where the database has another key for one of these people, before anything
 * is written.
 */
export async function restoreKeys(
  ctx: Context,
  { keys, people }: { readonly keys: KeyCopy; readonly people: PersonalData },
  backup: KeysBackup,
  erasures: readonly string[],
): Promise<RestoredKeys> {
  const here = await keys.erased(ctx);
  const { rows, erased } = withoutErased(backup, [...erasures, ...here]);
  const parts = Array.from({ length: Math.ceil(rows.length / AT_ONCE) }, (_, n) =>
    rows.slice(n * AT_ONCE, (n + 1) * AT_ONCE),
  );
  for (const part of parts) {
    const other = await keys.other(ctx, part);
    if (other !== undefined) throw ofOthers(other);
  }
  // First, so that no reader finds a key which must not be.
  if (erased.length > 0) await people.erase(ctx, erased);
  let written = 0;
  for (const part of parts) written += await keys.write(ctx, part);
  return { keys: written, left_out: backup.rows.length - rows.length };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function parsed<T>(line: string): T {
  try {
    return JSON.parse(line) as T;
  } catch {
    throw damaged('it was changed, or is not complete');
  }
}

const damaged = (why: string) =>
  new CodedError(
    'invalid',
    'keys_damaged',
    `This is no file of keys: ${why}. Nothing was restored.`,
  );

const ofOthers = (pseudonym: string) =>
  new CodedError(
    'precondition_failed',
    'keys_of_others',
    `The database has another key for a customer of the file, ${pseudonym}: orders were placed since. Nothing was restored.`,
  );
