import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from '../orphans.ts';
import { freePorts } from '../ports.ts';
import { commandLine, commandName, runningPids } from '../proc.ts';
import { until } from '../until.ts';

/** `make start` as a child of a test. */
export interface Running {
  readonly pid: number;
  /** Standard output and errors so far. */
  readonly output: () => string;
  readonly errors: () => string;
  /** Resolves when it says `ready`; rejects with its output when it ends or takes too long. */
  readonly ready: () => Promise<void>;
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** As when the terminal was closed. */
  readonly closeOutput: () => void;
  /** SIGKILL to it and to the guard, so that its children live on. */
  readonly killWithGuard: () => void;
}

export interface RunOptions {
  readonly dataDir: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default: this project's. */
  readonly main?: string;
}

const READY_MS = 40_000;

/** The event store alone on ports of its own and without Zipkin, unless `env` says otherwise. */
export async function freeEnvironment(): Promise<Record<string, string>> {
  const [GRPC_PORT, SQL_PORT, NATS_PORT, NATS_MONITOR_PORT, ADMIN_PORT] = (await freePorts(5)).map(
    String,
  );
  const ports = { GRPC_PORT, SQL_PORT, NATS_PORT, NATS_MONITOR_PORT, ADMIN_PORT };
  return {
    SERVICES: 'eventstoresvc',
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://127.0.0.1:1/api/v2/spans',
    ...(ports as Record<string, string>),
  };
}

export function runMain({ dataDir, env = {}, main }: RunOptions): Running {
  const file = main ?? join(import.meta.dirname, '../main.ts');
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, STACK_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    errors += text;
  });
  const pid = child.pid ?? 0;
  const ended = new AbortController();
  const exited = once(child, 'exit').then(([code, signal]) => {
    ended.abort(new Error(`it ended: ${output}`));
    return code ?? signal;
  });
  return {
    pid,
    output: () => output,
    errors: () => errors,
    ready: async () => {
      const isReady = () => /^ready /m.test(output);
      const options = { what: 'ready', deadlineMs: READY_MS, signal: ended.signal };
      await until(isReady, options).catch((cause) => {
        throw new Error(`not ready: ${output}`, { cause });
      });
    },
    exited,
    kill: (signal) => void child.kill(signal),
    closeOutput: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    killWithGuard: () => {
      for (const guard of runningPids().filter((one) => isGuardOf(pid, one))) {
        process.kill(guard, 'SIGKILL');
      }
      child.kill('SIGKILL');
    },
  };
}

/** Waits until a child of the stack in that folder has this in its name. */
export async function untilRuns(dataDir: string, name: string): Promise<number> {
  const find = () => childrenOf(dataDir).find((pid) => commandName(pid).includes(name));
  return await until(find, { what: name, deadlineMs: READY_MS, everyMs: 2 });
}

/** Waits until nothing of the stack in that folder runs. */
export async function untilNothingRuns(dataDir: string): Promise<void> {
  const none = () => childrenOf(dataDir).length === 0;
  await until(none, { what: 'the end of all children', deadlineMs: 15_000 });
}

function isGuardOf(parent: number, pid: number): boolean {
  if (commandLine(pid)[0] !== '/bin/sh') return false;
  try {
    // `pid (name) state parent …`
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]) === parent;
  } catch {
    return false;
  }
}
