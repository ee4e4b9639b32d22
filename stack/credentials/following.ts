/** Applies credentials that are changed while the stack runs: nobody restarts anything. */
import { readdirSync, readFileSync, watch } from 'node:fs';
import { BOOTSTRAPPER } from '../../shared/contracts/rights/sql.ts';
import type { CredentialsFolder } from '../../shared/credentials/credentials-folder.ts';

export interface FollowingOptions {
  readonly credentials: CredentialsFolder;
  /** What is done when something in the folder `nats` or `sql` has changed. */
  readonly apply: Readonly<Partial<Record<'nats' | 'sql', () => Promise<void>>>>;
  /** Called when that rejects. */
  readonly onFailure: (error: unknown) => void;
  /** Ends it when aborted. */
  readonly signal: AbortSignal;
}

/** A tool may write a file in several steps. */
const SETTLED_MS = 100;

/** Follows the files until `signal` is aborted. Changes are applied one after the other. */
export function followCredentials(options: FollowingOptions): void {
  const { credentials, apply, onFailure, signal } = options;
  for (const [name, work] of Object.entries(apply)) {
    const folder = credentials.file(name);
    let known = contentOf(folder);
    let done: Promise<void> = Promise.resolve();
    let timer: NodeJS.Timeout | undefined;
    const look = () => {
      const now = contentOf(folder);
      if (now === known || signal.aborted) return;
      known = now;
      done = done.then(work).catch(onFailure);
    };
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(look, SETTLED_MS).unref();
    };
    // A folder that is removed is made again at the next start.
    watch(folder, { persistent: false, signal }, changed).on('error', () => undefined);
  }
}

/** The bootstrapper's own password counts at the next start: nobody who runs may change it. */
const ofTheStart = `${BOOTSTRAPPER}.pgpass`;

function contentOf(folder: string): string {
  try {
    return readdirSync(folder)
      .filter((name) => /[.](nk|pgpass)$/.test(name) && name !== ofTheStart)
      .sort()
      .map((name) => `${name}\n${readFileSync(`${folder}/${name}`, 'utf8')}`)
      .join('\n');
  } catch {
    // It changes at this moment: the next event looks again.
    return '';
  }
}
