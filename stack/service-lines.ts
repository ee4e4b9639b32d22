// pino writes its levels as labels (ours) or as numbers from 40 upwards (its default).
const quiet: readonly unknown[] = ['trace', 'debug', 'info', 10, 20, 30];

/**
 * What a service's line looks like on the terminal, or undefined when it only goes
 * to its log file. Warnings and worse are shown, and whatever is not pino's JSON,
 * since that is a crash; everything when `all` is set.
 */
export function shownLine(line: string, all = false): string | undefined {
  const entry = parse(line);
  if (entry === undefined) return line.trim() === '' ? undefined : line;
  if (!all && quiet.includes(entry.level)) return undefined;
  const reason = entry.err?.message;
  const text = entry.msg ?? '';
  if (reason === undefined || text.includes(reason)) return text;
  return reason.startsWith(text) ? reason : `${text}: ${reason}`;
}

interface Entry {
  readonly level: number | string;
  readonly msg?: string;
  readonly err?: { readonly message?: string };
}

function parse(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line);
    return ['number', 'string'].includes(typeof value?.level) ? value : undefined;
  } catch {
    return undefined;
  }
}
