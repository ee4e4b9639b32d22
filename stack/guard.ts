import { type ChildProcess, spawn } from 'node:child_process';

// Keeps the last line it read: `INT:123 TERM:124`. Its input ends when we do, however
// that happens; then it passes the signals on. It waits for nothing in between, so
// no process id is reused for another process.
const SCRIPT = `
last=
while read -r line; do last=$line; done
for entry in $last; do kill -s "\${entry%%:*}" "\${entry#*:}" 2>/dev/null; done`;

let shell: ChildProcess | undefined;

/**
 * Tells the guard which children run now and the signal that ends each. The guard
 * is a shell, one megabyte, started at the first call and in a session of its own:
 * a SIGKILL to this process, or to its whole group, cannot be caught here, but the
 * guard sees it and ends the children. Without a shell there is no guard.
 */
export function guard(children: ReadonlyMap<number, NodeJS.Signals>): void {
  shell ??= startShell();
  const entries = Array.from(children, ([pid, signal]) => `${signal.replace(/^SIG/, '')}:${pid}`);
  shell.stdin?.write(`${entries.join(' ')}\n`);
}

function startShell(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: {},
  });
  // Neither it nor its pipe may hold up our end, or break us when it is killed.
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  if (child.stdin && 'unref' in child.stdin) (child.stdin as { unref(): void }).unref();
  return child;
}
