import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SetupProblem } from '../problem.ts';
import { startProcess } from '../process.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from '../tools.ts';

/** What is tried, and how much of it. */
export interface SchemathesisOptions {
  /** The OpenAPI document: a file. */
  readonly document: string;
  /** Where it is served. */
  readonly url: string;
  /** The same seed asks the same. */
  readonly seed: number;
  /** Who asks; default: somebody without a token. */
  readonly token?: string;
  /** Orders of others, which must not be shown to who asks: their ids, and whose they are. */
  readonly others?: { readonly customerId: string; readonly orderIds: readonly string[] };
  /** Requests made up for each operation. */
  readonly examples: number;
  /** Then it is ended, which is a failure: milliseconds. */
  readonly deadlineMs: number;
}

/** What it found. */
export interface SchemathesisResult {
  readonly passed: boolean;
  /** All that it wrote: each failure with a curl that shows it. */
  readonly output: string;
}

/** Installed, and ready to try. */
export type Schemathesis = (options: SchemathesisOptions) => Promise<SchemathesisResult>;

const VERSION = '4.32.5';
const INSTALL_MS = 5 * 60_000;
const ours = resolve(import.meta.dirname, 'schemathesis');

/**
 * Schemathesis, which makes requests from an OpenAPI document and holds the
 * answers against it. Installed from PyPI into a virtual environment of its own
 * the first time; undefined, after one line that says so, where there is no
 * Python 3.10 or newer with venv, or PyPI cannot be reached.
 */
export async function findSchemathesis(
  say: (line: string) => void,
): Promise<Schemathesis | undefined> {
  try {
    const python = await installOnce({
      // By version, for what lies there is not looked into.
      target: join(toolsDir, `schemathesis-${VERSION}`),
      onStart: () => say(`installing schemathesis ${VERSION}, which takes a minute`),
      install,
    });
    return (options) => run(join(python, 'bin/python'), options);
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error;
    say(`no schemathesis: ${error.message} → ${error.remedy}`);
    return undefined;
  }
}

/** The environment is found by where its interpreter lies, so it may be renamed after it is made. */
async function install(target: string, options: ToolOptions): Promise<string> {
  const venv = join(target, 'venv');
  const made = await runTool('python3', ['-m', 'venv', venv], { ...options, deadlineMs: 60_000 });
  if (!made.ok) {
    throw new SetupProblem(
      made.missing ? 'there is no Python' : `Python makes no virtual environment: ${made.reason}`,
      'install python3, 3.10 or newer, with venv',
    );
  }
  const python = join(venv, 'bin/python');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const got = await runTool(python, [...pip, `schemathesis==${VERSION}`], {
    ...options,
    deadlineMs: INSTALL_MS,
  });
  if (got.ok && (await stat(join(venv, 'bin/st')).catch(() => undefined))) return venv;
  throw new SetupProblem(
    `schemathesis could not be installed (${got.ok ? 'pip put it elsewhere' : got.reason})`,
    'look whether pip reaches PyPI, and that python3 is 3.10 or newer',
  );
}

/** It leaves notes of each run where it works, so that is a folder that goes with the run. */
async function run(python: string, options: SchemathesisOptions): Promise<SchemathesisResult> {
  const folder = await mkdtemp(join(tmpdir(), 'orders-schemathesis-'));
  try {
    return await runIn(folder, python, options);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function runIn(
  folder: string,
  python: string,
  { document, url, token, others, seed, examples, deadlineMs }: SchemathesisOptions,
): Promise<SchemathesisResult> {
  const lines: string[] = [];
  const child = await startProcess({
    name: 'schemathesis',
    command: python,
    args: [
      ...['-m', 'schemathesis.cli', '--config-file', join(ours, 'schemathesis.toml')],
      ...['run', document, '--url', url, '--checks', 'all', '--no-color'],
      ...['--seed', String(seed), '--max-examples', String(examples)],
      // What an earlier run found must not change this one.
      ...['--generation-database', 'none', '--continue-on-failure'],
      ...(token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`]),
    ],
    cwd: folder,
    env: {
      ...process.env,
      SCHEMATHESIS_HOOKS: join(ours, 'hooks.py'),
      ...(others && { ORDERS_OF_OTHERS: JSON.stringify(others) }),
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUTF8: '1',
    },
    onLine: (line) => lines.push(line),
    stopSignal: 'SIGINT',
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void child.stop();
  }, deadlineMs);
  const { code } = await child.exited;
  clearTimeout(timer);
  if (late) lines.push(`schemathesis was ended after ${deadlineMs} ms`);
  return { passed: code === 0 && !late, output: lines.join('\n') };
}
