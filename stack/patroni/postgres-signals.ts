import { existsSync, realpathSync } from 'node:fs';
import { runningPids, workingDirectory } from '../proc.ts';

/**
 * Sends a signal to a PostgreSQL server and to all that works for it: each backend is a
 * session of its own, so a signal to the server's group would miss it. All of them work in
 * the folder of their data.
 */
export function signalPostgres(dataDir: string, signal: NodeJS.Signals): void {
  if (!existsSync(dataDir)) return;
  const folder = realpathSync(dataDir);
  for (const pid of runningPids()) {
    if (workingDirectory(pid) !== folder) continue;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended in the meantime.
    }
  }
}
