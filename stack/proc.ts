import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

// What Linux says of running processes, under /proc. Where there is none, or another
// user's process keeps it to itself, the answers are empty; nothing here throws.

/** The ids of all processes. */
export function runningPids(): number[] {
  return entries('/proc').map(Number).filter(Number.isInteger);
}

/** Program and arguments; empty for one that has ended, also if nobody has asked for its exit code yet. */
export function commandLine(pid: number): string[] {
  return strings(`/proc/${pid}/cmdline`);
}

/** Whether it was started with this variable set to this value, by itself or by an ancestor. */
export function startedWith(pid: number, name: string, value: string): boolean {
  return strings(`/proc/${pid}/environ`).includes(`${name}=${value}`);
}

/** The file that it runs, whatever it calls itself. */
export function program(pid: number): string | undefined {
  return link(`/proc/${pid}/exe`);
}

/** Its working directory. */
export function workingDirectory(pid: number): string | undefined {
  return link(`/proc/${pid}/cwd`);
}

/** A few words that a person recognizes: `postgres`, `node ordersvc/main.ts`, `java zipkin.jar`. */
export function commandName(pid: number): string {
  const [program = '', ...args] = commandLine(pid);
  const script = args.find((arg) => /\.(?:[cm]?[jt]s|jar)$/.test(arg));
  const words = [basename(program), ...(script ? [script.split('/').slice(-2).join('/')] : [])];
  return words.join(' ').slice(0, 80);
}

// Columns of /proc/net/tcp: local address as hexadecimal `address:port`, state, inode.
const LOCAL = 1;
const STATE = 3;
const INODE = 9;
const LISTENING = '0A';

/** The process that listens on the TCP port, as far as this user may see it. */
export function portHolder(port: number): number | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => text(file).split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => row[LOCAL]?.endsWith(suffix) && row[STATE] === LISTENING)
    .map((row) => `socket:[${row[INODE]}]`);
  if (sockets.length === 0) return undefined;
  return runningPids().find((pid) =>
    entries(`/proc/${pid}/fd`).some((fd) => sockets.includes(link(`/proc/${pid}/fd/${fd}`) ?? '')),
  );
}

function strings(file: string): string[] {
  return text(file).split('\0').filter(Boolean);
}

function text(file: string): string {
  return attempt(() => readFileSync(file, 'utf8')) ?? '';
}

function entries(folder: string): string[] {
  return attempt(() => readdirSync(folder)) ?? [];
}

function link(path: string): string | undefined {
  return attempt(() => readlinkSync(path));
}

/** Processes come and go while they are looked at. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
