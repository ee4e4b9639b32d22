/**
 * Three PostgreSQL servers of which Patroni makes one the primary, with commits that wait for
 * a standby, all on this machine. etcd, where Patroni keeps who is the primary, is one server:
 * nobody harms it.
 */
import { join } from 'node:path';
import { freePorts, LOOPBACK } from '../ports.ts';
import { closedFolder, serverUser } from '../postgres-binaries.ts';
import { startProcess, untilReady } from '../process.ts';
import { until } from '../until.ts';
import { type Part, PatroniNode } from './patroni-node.ts';
import { patroniTools } from './patroni-tools.ts';

export interface Patroni {
  /** The address of a database, at whichever server takes writes. */
  readonly url: (database: string) => string;
  /** The name of the primary, by the servers' own word; undefined while no one is. */
  readonly primary: () => Promise<string | undefined>;
  /** The name of a standby that each commit waits for, as soon as there is one. */
  readonly synchronous: () => Promise<string>;
  /** Waits until there is a primary other than `before`, and returns its name. */
  readonly successor: (before: string) => Promise<string>;
  /** Waits until the other two follow the primary, one of them with each commit. One that does not by itself is copied again, as an operator would have it. */
  readonly whole: () => Promise<void>;
  /** SIGKILL to a server and its Patroni, as if its machine had gone, or to one of the two. */
  readonly kill: (name: string, part?: Part) => void;
  /** Starts a Patroni that was killed, which starts its server. */
  readonly start: (name: string) => Promise<void>;
  readonly freeze: (name: string) => void;
  readonly thaw: (name: string) => void;
  /** Makes another the primary, by plan. */
  readonly switchOver: () => Promise<void>;
  /** May be called twice. */
  readonly stop: () => Promise<void>;
}

export interface PatroniOptions {
  /** All files of the servers lie here. */
  readonly folder: string;
  /** Told once if Patroni must be fetched, which takes a minute. */
  readonly onFetch?: () => void;
  /** Aborting it ends every wait, that for the start too. */
  readonly signal?: AbortSignal;
}

const STILL_MS = 60_000;
const WHOLE_MS = 120_000;
const LOOK_MS = 100;
/** A standby that has more than the new primary, and that Patroni cannot wind back, never follows by itself. */
const AWAY_MS = 30_000;

/** The cluster, once it is whole; a sentence where Patroni cannot be had. The caller stops it. */
export async function startPatroni({
  folder,
  onFetch,
  signal,
}: PatroniOptions): Promise<Patroni | string> {
  const user = await serverUser();
  const tools = await patroniTools(user, { folder, onFetch, signal });
  if (typeof tools === 'string') return tools;
  if ((await closedFolder(folder, user)) !== undefined) {
    return `PostgreSQL's user may not enter ${folder}`;
  }
  const [etcdPort = 0, peerPort = 0, ...ports] = await freePorts(8);
  const etcd = await startEtcd(tools.etcd, folder, etcdPort, peerPort, signal);
  const nodes = [1, 2, 3].map((number, index) => {
    const [port = 0, restPort = 0] = ports.slice(2 * index);
    const name = `db${number}`;
    return new PatroniNode({ name, folder, port, restPort, etcdPort, tools, user, signal });
  });
  const node = (name: string) => {
    const found = nodes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no server ${name}`);
    return found;
  };
  // In an end that is not in order nobody waits for Patroni to stop its server.
  const killAll = () => nodes.forEach((one) => void one.signal('SIGKILL'));
  process.on('exit', killAll);

  const waiting = (what: string) => ({
    what,
    deadlineMs: WHOLE_MS,
    everyMs: LOOK_MS,
    ...(signal && { signal }),
  });
  async function primary(): Promise<string | undefined> {
    const is = await Promise.all(nodes.map((one) => one.answers('primary')));
    const names = nodes.filter((_one, index) => is[index]).map(({ name }) => name);
    return names.length === 1 ? names[0] : undefined;
  }
  const synchronous = () =>
    until(async () => {
      const is = await Promise.all(nodes.map((one) => one.answers('synchronous')));
      return nodes.find((_one, index) => is[index])?.name;
    }, waiting('one follows with each commit'));
  const whole = async () => {
    let helpAt = performance.now() + AWAY_MS;
    await until(async () => {
      const roles = await Promise.all(nodes.map(roleOf));
      if (performance.now() > helpAt && roles.includes('primary')) {
        const away = nodes.filter((_one, index) => roles[index] === 'away');
        const begun = await Promise.all(away.map((one) => one.copyAgain()));
        if (begun.includes(true)) helpAt = performance.now() + AWAY_MS;
      }
      assertRoles(roles);
      return true;
    }, waiting('all three PostgreSQL servers take part'));
  };
  const stop = async () => {
    process.off('exit', killAll);
    await Promise.all(nodes.map((one) => one.stop()));
    await etcd.stop();
  };

  try {
    for (const one of nodes) await one.start();
    await whole();
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = nodes.map(({ port }) => `${LOOPBACK}:${port}`).join(',');
  return {
    url: (database) => `postgres://orders@${hosts}/${database}?target_session_attrs=read-write`,
    primary,
    synchronous,
    whole,
    successor: (before) =>
      until(
        async () => {
          const name = await primary();
          return name !== undefined && name !== before && name;
        },
        waiting(`another PostgreSQL server than ${before} takes writes`),
      ),
    kill: (name, part) => node(name).signal('SIGKILL', part),
    start: (name) => node(name).start(),
    freeze: (name) => node(name).signal('SIGSTOP'),
    thaw: (name) => node(name).signal('SIGCONT'),
    switchOver: async () => {
      const leader = await primary();
      if (leader === undefined) throw new Error('there is no primary');
      await node(leader).switchTo(await synchronous());
    },
    stop,
  };
}

async function roleOf(node: PatroniNode): Promise<string> {
  if (await node.answers('primary')) return 'primary';
  if (await node.answers('synchronous')) return 'synchronous';
  return (await node.answers('replica')) ? 'replica' : 'away';
}

function assertRoles(roles: readonly string[]): void {
  const found = roles.toSorted().join(' ');
  if (found !== 'primary replica synchronous') throw new Error(`they are ${found}`);
}

async function startEtcd(
  command: string,
  folder: string,
  port: number,
  peerPort: number,
  abandon: AbortSignal | undefined,
) {
  const [client, peer] = [`http://${LOOPBACK}:${port}`, `http://${LOOPBACK}:${peerPort}`];
  const etcd = await startProcess({
    name: 'etcd',
    command,
    args: [
      ['--name', 'etcd', '--data-dir', join(folder, 'etcd')],
      ['--listen-client-urls', client, '--advertise-client-urls', client],
      ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ['--initial-cluster', `etcd=${peer}`, '--logger', 'zap', '--log-level', 'warn'],
      // Nothing of it is wanted after the machine has failed.
      ['--unsafe-no-fsync'],
    ].flat(),
  });
  const healthy = async (signal: AbortSignal) => (await fetch(`${client}/health`, { signal })).ok;
  await untilReady(etcd, healthy, { stillMs: STILL_MS }, abandon);
  return etcd;
}
