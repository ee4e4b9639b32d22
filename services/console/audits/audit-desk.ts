/** Audits, which the operator's own tool does: the console starts it and reads what it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Audit, AuditResult } from '../../../shared/contracts/console.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';

export interface AuditDeskOptions {
  /** What is run, and with which arguments before its own; undefined: audits are not run here. */
  readonly command: readonly [string, ...string[]] | undefined;
  /** All that the tool finds in its environment: the operator's addresses and credentials. */
  readonly environment: () => NodeJS.ProcessEnv;
  /** After so long it is ended, in milliseconds. */
  readonly mostMs: number;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One audit at a time; the last one is kept until the next. */
export interface AuditDesk extends Component {
  /** Whether it can run audits. */
  readonly able: boolean;
  /** Starts one. Throws CodedError `conflict` (code `audit_running`), `unavailable` (code `audits_elsewhere`). */
  begin(repair: boolean): Audit;
  /** Throws CodedError `not_found` (code `audit_not_found`) before the first. */
  latest(): Audit;
}

/** Exit codes of `ordersctl audit` with a report: nothing wrong, books differ, something waits. */
const REPORTED: readonly (number | null)[] = [0, 1, 5, 6];
/** The most that a report is: its findings are bounded. */
const MOST_BYTES = 16 * 1024 * 1024;
const KILL_MS = 3_000;

export function auditDesk(options: AuditDeskOptions): AuditDesk {
  const { command, mostMs, logger } = options;
  let latest: Audit | undefined;
  let child: ChildProcess | undefined;

  const time = () => new Date(options.now()).toISOString();

  function end(outcome: Partial<Audit> & Pick<Audit, 'state'>): void {
    if (latest?.state !== 'running') return;
    const { progress: _, ...begun } = latest;
    latest = { ...begun, ...outcome, ended_at: time() };
    if (outcome.state === 'failed') logger.warn({ why: outcome.error }, 'an audit failed');
    else logger.info({ verdict: latest.result?.verdict, repair: latest.repair }, 'an audit ended');
  }

  function run([program, ...args]: readonly [string, ...string[]], repair: boolean): void {
    const running = spawn(
      program,
      [...args, 'audit', '--json', '--progress', ...(repair ? ['--repair', '--yes'] : [])],
      {
        env: options.environment(),
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: mostMs,
        killSignal: 'SIGKILL',
      },
    );
    child = running;
    let text = '';
    let said = '';
    running.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.length > MOST_BYTES) running.kill('SIGKILL');
    });
    createInterface({ input: running.stderr }).on('line', (line) => {
      const progress = progressIn(line);
      if (progress === undefined) said = line;
      else if (latest?.state === 'running') latest = { ...latest, progress };
    });
    running.once('error', (err) => end({ state: 'failed', error: err.message }));
    running.once('close', (code, signal) => {
      child = undefined;
      const result = REPORTED.includes(code) ? resultIn(text, repair) : undefined;
      if (result !== undefined) end({ state: 'done', result });
      else if (signal !== null) end({ state: 'failed', error: 'it was ended before it was done' });
      else end({ state: 'failed', error: said || `the tool ended with exit code ${code}` });
    });
  }

  return {
    name: 'audits',
    able: command !== undefined,
    begin(repair) {
      if (command === undefined) {
        throw new CodedError(
          'unavailable',
          'audits_elsewhere',
          'This console runs no audits; run npx ordersctl audit where the operator works.',
        );
      }
      if (latest?.state === 'running') {
        throw new CodedError('conflict', 'audit_running', 'An audit is running already.');
      }
      latest = { state: 'running', repair, started_at: time() };
      try {
        run(command, repair);
      } catch (error) {
        // Its environment cannot be read, or the system starts nothing more.
        end({ state: 'failed', error: error instanceof Error ? error.message : String(error) });
      }
      return latest;
    },
    latest() {
      if (latest !== undefined) return latest;
      throw new CodedError('not_found', 'audit_not_found', 'There has been no audit yet.');
    },
    stop: async () => {
      const running = child;
      if (running === undefined || running.exitCode !== null) return;
      const ended = new Promise((resolve) => running.once('close', resolve));
      running.kill('SIGTERM');
      const impatient = setTimeout(() => running.kill('SIGKILL'), KILL_MS);
      await ended;
      clearTimeout(impatient);
    },
  };
}

/** A line of `--progress`. */
function progressIn(line: string): Audit['progress'] {
  if (!line.startsWith('{')) return undefined;
  const { book, done, of } = parsed(line) ?? {};
  if (typeof book !== 'string' || typeof done !== 'number') return undefined;
  return { book, done, ...(typeof of === 'number' && { of }) };
}

/** The report that the tool printed; of a repair what was done beside it. */
function resultIn(text: string, repair: boolean): AuditResult | undefined {
  const printed = parsed(text);
  if (printed === undefined || typeof printed.verdict !== 'string') return undefined;
  if (!repair) return printed as unknown as AuditResult;
  const { repair: done, ...report } = printed as unknown as AuditResult & {
    repair?: { repairs?: AuditResult['repaired'] };
  };
  return { ...report, repaired: done?.repairs ?? [] };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
