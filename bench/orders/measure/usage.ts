/** What processes have used so far, as Linux counts it. A process that has ended counts nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { commandLine, parentOf, runningPids } from '../../../stack/proc.ts';

export interface Usage {
  readonly cpuMs: number;
  /** Voluntary context switches of all threads: each is a wait that somebody ended. */
  readonly wakeUps: number;
  /** Resident memory, without what processes share. */
  readonly rssMb: number;
}

/** Of processes by name; several of one name have `#` and a number behind it. */
export type Usages = ReadonlyMap<string, Usage>;

// The kernel's clock ticks are a hundredth of a second on every Linux that Node runs on.
const TICK_MS = 10;
const UTIME = 12;

export function usageOf(pid: number): Usage {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')')).split(' ');
  const ticks = (at: number) => Number(fields[at] ?? 0) + Number(fields[at + 1] ?? 0);
  const status = read(`/proc/${pid}/status`);
  return {
    cpuMs: TICK_MS * ticks(UTIME),
    wakeUps: list(`/proc/${pid}/task`)
      .map((task) =>
        numberAfter('voluntary_ctxt_switches', read(`/proc/${pid}/task/${task}/status`)),
      )
      .reduce((sum, one) => sum + one, 0),
    rssMb: (numberAfter('VmRSS', status) - numberAfter('RssShmem', status)) / 1_024,
  };
}

/**
 * PostgreSQL's processes, named after the database that each works for; what works for all
 * of them is `PostgreSQL itself`.
 */
export function postgresUsages(postmaster: number): Usages {
  const children = runningPids().filter((pid) => parentOf(pid) === postmaster);
  return new Map([
    [ITSELF, usageOf(postmaster)],
    ...children.map((pid): [string, Usage] => [
      `${postgresName(commandLine(pid).join(' '))}#${pid}`,
      usageOf(pid),
    ]),
  ]);
}

const nameIn = (key: string): string => key.split('#', 1)[0] ?? key;

const ITSELF = 'PostgreSQL itself';

/** Without what PostgreSQL did for other databases. */
export const onlyOf = (databases: readonly string[], usages: Usages): Usages =>
  new Map(
    [...usages].filter(([key]) => {
      const name = nameIn(key);
      if (name === ITSELF || !name.startsWith(OF_DATABASE)) return true;
      return databases.includes(name.slice(OF_DATABASE.length));
    }),
  );

const OF_DATABASE = 'PostgreSQL ';

/** A backend's title is `postgres: user database address(port) what it does`. */
export function postgresName(title: string): string {
  const [, database] = /^postgres: \S+ (\S+) [\d.]+\(\d+\)/.exec(title) ?? [];
  return database === undefined ? ITSELF : `${OF_DATABASE}${database}`;
}

/**
 * From one look to the next, those of one name together; memory is that of the later one.
 * A process that ended meanwhile counts nothing, and one that began counts whole.
 */
export function usedBetween(before: Usages, after: Usages): Usages {
  const used = new Map<string, Usage>();
  for (const [key, { cpuMs, wakeUps, rssMb }] of after) {
    const then = before.get(key);
    const grown = {
      cpuMs: cpuMs - (then?.cpuMs ?? 0),
      wakeUps: wakeUps - (then?.wakeUps ?? 0),
      rssMb,
    };
    used.set(nameIn(key), added(used.get(nameIn(key)), grown));
  }
  return used;
}

/** All of them together. */
export const totalOf = (usages: Usages): Usage =>
  [...usages.values()].reduce(added, { cpuMs: 0, wakeUps: 0, rssMb: 0 });

function added(a: Usage | undefined, b: Usage): Usage {
  if (a === undefined) return b;
  return {
    cpuMs: a.cpuMs + b.cpuMs,
    wakeUps: a.wakeUps + b.wakeUps,
    rssMb: a.rssMb + b.rssMb,
  };
}

const numberAfter = (word: string, text: string): number =>
  Number(new RegExp(`^${word}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0);

/** Processes and threads come and go while they are looked at. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
