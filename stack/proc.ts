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
const REMOTE = 2;
const STATE = 3;
const INODE = 9;
const LISTENING = '0A';
// The end of a connection that is over; nobody has it, and nobody is kept from listening.
const TIME_WAIT = '06';

/** Who has a TCP port of this machine, as far as this user may see it. */
export interface PortUser {
  readonly pid: number | undefined;
  /** Where the connection goes whose own end has the port; undefined for one who listens. */
  readonly connectedTo: string | undefined;
}

/** One who listens on the port, else one whose connection begins there. */
export function portUser(port: number): PortUser | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => text(file).split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => row[LOCAL]?.endsWith(suffix) && row[STATE] !== TIME_WAIT);
  const listening = rows.filter((row) => row[STATE] === LISTENING);
  const [row] = [...listening, ...rows];
  if (row === undefined) return undefined;
  const sockets = (listening.length > 0 ? listening : [row]).map((one) => `socket:[${one[INODE]}]`);
  const pid = runningPids().find((one) =>
    entries(`/proc/${one}/fd`).some((fd) => sockets.includes(link(`/proc/${one}/fd/${fd}`) ?? '')),
  );
  return { pid, connectedTo: listening.length > 0 ? undefined : readAddress(row[REMOTE] ?? '') };
}

/** `0100007F:1F90` is 127.0.0.1:8080: each word of four bytes has its last byte first. */
function readAddress(written: string): string {
  const [address = '', port = ''] = written.split(':');
  const words = address.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).toReversed());
  const four = bytes.slice(-4).map((byte) => Number.parseInt(byte, 16));
  const mapped = bytes.length === 16 && /^0{20}ffff$/i.test(bytes.slice(0, 12).join(''));
  const host =
    bytes.length === 4 || mapped
      ? four.join('.')
      : `[${bytes.join('').toLowerCase().match(/.{4}/g)?.join(':')}]`;
  return `${host}:${Number.parseInt(port, 16)}`;
}

/**
 * How long a process and its children have used a processor, or waited for one, in
 * milliseconds; 0 where the system does not tell. Threads that ended are not in it.
 */
export function busyMs(pid: number): number {
  const family = [pid, ...runningPids().filter((one) => parentOf(one) === pid)];
  const nanoseconds = family.flatMap((one) =>
    entries(`/proc/${one}/task`).flatMap((task) =>
      text(`/proc/${one}/task/${task}/schedstat`).split(' ').slice(0, 2).map(Number),
    ),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** The process that started it, or took it over. */
export function parentOf(pid: number): number | undefined {
  return numberIn(pid, 2);
}

/** Whether its session has a terminal, that can close and take the session along. */
export function hasTerminal(pid: number): boolean {
  return (numberIn(pid, 5) ?? 0) !== 0;
}

/** Of `pid (name) state parent group session terminal …`, counted from the name, which may hold anything. */
function numberIn(pid: number, column: number): number | undefined {
  const stat = text(`/proc/${pid}/stat`);
  return stat === '' ? undefined : Number(stat.slice(stat.lastIndexOf(')')).split(' ')[column]);
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
