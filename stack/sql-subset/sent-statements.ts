/** What the suites send to a PostgreSQL of their own, by its log. */
import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startPostgres } from '../postgres.ts';
import { oneLine } from './templates.ts';

const root = resolve(import.meta.dirname, '../..');

/** For all suites together, in milliseconds. */
const SUITES_MS = 480_000;

export interface Sent {
  /** What the connection calls itself: a pool by its name, any other as its client does. */
  readonly by: string;
  /** In one line. */
  readonly text: string;
}

/** How the log begins a line, but for one that goes on with what is before it. */
const BEGINS = '<@%a> ';
const SENT = /^<@([^>]*)> LOG: {2}(?:execute [^:]*|statement): ([\s\S]*)$/;

/** Runs these suites on a server of their own in `folder`, and returns each statement that it was sent, once. */
export async function statementsSentBy(
  suites: readonly string[],
  folder: string,
): Promise<readonly Sent[]> {
  const dataDir = join(folder, 'postgres');
  const logFile = join(folder, 'postgres.log');
  await (await startPostgres({ dataDir, durable: false })).stop();
  const settings = [
    `log_line_prefix = '${BEGINS}'`,
    'log_statement = all',
    'log_parameter_max_length = 0',
    'log_duration = off',
  ];
  await appendFile(join(dataDir, 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
  const server = await startPostgres({ dataDir, durable: false, logFile });
  const sent = new Map<string, Sent>();
  try {
    // One by one, since a log that grows too long is cut off.
    for (const suite of suites) {
      await runSuite(suite, server.url('postgres'));
      for (const file of [`${logFile}.1`, logFile]) {
        const text = await readFile(file, 'utf8').catch(() => '');
        for (const one of statementsOf(text)) sent.set(`${one.by} ${one.text}`, one);
      }
    }
  } finally {
    await server.stop();
  }
  return [...sent.values()];
}

/** The statements in a log. Lines of one after its first begin with a tab. */
function statementsOf(log: string): readonly Sent[] {
  return log
    .replaceAll('\n\t', '\n ')
    .split(/\n(?=<@)/)
    .flatMap((entry) => {
      const [, by, statement] = SENT.exec(entry) ?? [];
      return by === undefined || statement === undefined ? [] : [{ by, text: oneLine(statement) }];
    });
}

function runSuite(suite: string, url: string): Promise<void> {
  const mocha = join(root, 'node_modules/.bin/mocha');
  const env = { ...process.env, TEST_DATABASE_URL: url };
  return new Promise((done, failed) => {
    const options = { cwd: root, env, timeout: SUITES_MS, maxBuffer: 64 * 1024 * 1024 };
    execFile(mocha, [suite, '--reporter', 'dot'], options, (error, stdout) => {
      // Whether its tests pass is judged where they are run for that.
      if (error === null || /\d+ passing/.test(stdout)) done();
      else failed(new Error(`${suite}: ${stdout.slice(-2_000)}`, { cause: error }));
    });
  });
}
