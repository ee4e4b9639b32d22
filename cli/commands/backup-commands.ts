/** `ordersctl backup` and `ordersctl restore`: the two truths, log and ledger, in a file. */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import {
  createLogCurrency,
  type LogCurrency,
} from '../../services/eventstoresvc/log/log-currency.ts';
import { createLogCopy, type LogCopy } from '../../services/eventstoresvc/recovery/log-copy.ts';
import {
  createLedgerCopy,
  type LedgerCopy,
} from '../../services/paymentworker/gateway/ledger-copy.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase } from '../../shared/kit/sql/database.ts';
import { currencyText } from '../../shared/money/currency.ts';
import { peopleOf } from '../../shared/personal-data/key-table.ts';
import type { PersonalData } from '../../shared/personal-data/personal-data.ts';
import { type KeyCopy, sqlKeyCopy } from '../../shared/personal-data/sql-key-copy.ts';
import { sqlKeyTable } from '../../shared/personal-data/sql-key-table.ts';
import { addressHelp, addressOf, asKeysOwner } from '../addresses.ts';
import { type BackedUp, backup } from '../backup/backup.ts';
import {
  type KeysBackup,
  keysIn,
  keysText,
  type RestoredKeys,
  readKeys,
  restoreKeys,
} from '../backup/keys-backup.ts';
import { type Checked, check, type Restored, restore } from '../backup/restore.ts';
import { withExample } from '../example.ts';
import { fileText } from '../file-text.ts';
import { UsageError } from '../option.ts';
import { pseudonymsIn } from '../personal/erasures-file.ts';
import { print } from '../print.ts';
import { type Progress, terminalProgress } from '../progress.ts';
import { type CommonOptions, eventStoreAddress, withOptions } from '../settings.ts';

/** A statement writes thousands of rows. */
const QUERY_MS = 60_000;
/** Bytes per read of a file: about the size of a part. */
const READ = 1024 * 1024;

interface BooksOptions extends CommonOptions {
  readonly eventstoreDatabase?: string;
  readonly paymentsDatabase?: string;
  readonly personalDatabase?: string;
  /** A file with the keys of customers. */
  readonly keys?: string;
  /** A file that `ordersctl erasures` wrote, or `none`. */
  readonly erasures?: string;
}

export function addBackupCommands(program: Command): void {
  withDatabases(withOptions(withExample(program.command('backup'), 'backup orders.backup'), 'json'))
    .argument('<file>', 'the file to write; - for standard output')
    .option(
      '--keys <file>',
      "write the keys of customers' texts into this file, too; keep it apart, and take out who is erased by ordersctl erasures --remove-from",
    )
    .description(
      'write the log and the matching ledger into one file with checksums, ' +
        'while everything runs. All other data is filled from these two, but for keys: --keys',
    )
    .action(async (file: string, options: BooksOptions) => {
      const begunAt = performance.now();
      await mustBeNew(options.keys);
      const done = await withBooks(options, (books, progress) => backUp(file, books, progress));
      if (options.keys !== undefined) await backUpKeys(options.keys, options);
      const seconds = (performance.now() - begunAt) / 1_000;
      const report = (found: BackedUp) => backupReport(file, found, seconds);
      const document = (found: BackedUp) => backupDocument(found, seconds);
      // If the backup itself goes to standard output, this must not.
      if (file === '-') console.error(options.json ? JSON.stringify(document(done)) : report(done));
      else print(options, done, report, document);
    });

  withDatabases(
    withOptions(
      withExample(program.command('restore'), 'restore --check orders.backup'),
      'eventStore',
      'json',
    ),
  )
    .argument(
      '<file>',
      'the backup; - for standard input, which is kept in a file until it is checked',
    )
    .option('--check', 'check whether the whole backup is intact; write nothing')
    .option('--keys <file>', "bring the keys of customers' texts back from this file, too")
    .option(
      '--erasures <file>',
      'with --keys: who was erased since, as ordersctl erasures lists them; none if nobody was',
    )
    .description(
      'restore a backup into an empty system, with all services stopped; read model, stream and ' +
        'deadlines are filled when they start. If it is killed, run it again: it continues',
    )
    .action(async (file: string, options: BooksOptions & { readonly check?: true }) => {
      const begunAt = performance.now();
      const seconds = () => (performance.now() - begunAt) / 1_000;
      if (options.check) {
        const found = await withFile(file, checked);
        print(options, found, checkReport, checkDocument);
        return;
      }
      const keys = options.keys === undefined ? undefined : await keysToRestore(options);
      await refuseWhileRunning(eventStoreAddress(options));
      const done = await withFile(file, (path) =>
        withBooks(options, (books, progress) =>
          restore(background(), {
            ...books,
            bytes: () => createReadStream(path, { highWaterMark: READ }),
            onProgress: (what, at, total) =>
              progress.report(what === 'checked' ? 'events checked' : what, at, total),
          }),
        ),
      );
      const back = keys && (await withKeys(options, keys));
      print(
        options,
        done,
        (found) => restoreReport(found, back, seconds()),
        (found) => restoreDocument(found, back, seconds()),
      );
    });
}

const withDatabases = (command: Command): Command =>
  command
    .option('--eventstore-database <url>', `of the log (${addressHelp('EVENTSTORE_DATABASE_URL')})`)
    .option('--payments-database <url>', `of the ledger (${addressHelp('PAYMENTS_DATABASE_URL')})`)
    .option(
      '--personal-database <url>',
      `of the keys (${addressHelp('PERSONAL_DATABASE_URL')}); a restore needs its owner`,
    );

interface Books {
  readonly log: LogCopy;
  readonly currency: LogCurrency;
  readonly ledger: LedgerCopy;
}

async function withBooks<T>(
  options: BooksOptions,
  work: (books: Books, progress: Progress) => Promise<T>,
): Promise<T> {
  const database = (url: string) =>
    createDatabase({
      url,
      name: 'ordersctl backup',
      poolSize: 2,
      queryTimeoutMs: QUERY_MS,
      // A log that was just written has no statistics yet.
      planOnce: true,
      logger: silentLogger,
    });
  const logUrl = addressOf('EVENTSTORE_DATABASE_URL', {
    name: '--eventstore-database',
    value: options.eventstoreDatabase,
  });
  const ledgerUrl = addressOf('PAYMENTS_DATABASE_URL', {
    name: '--payments-database',
    value: options.paymentsDatabase,
  });
  const [logDatabase, ledgerDatabase] = [database(logUrl), database(ledgerUrl)];
  const progress = terminalProgress();
  try {
    const books = {
      log: createLogCopy(logDatabase, ORDERS_STREAM),
      currency: createLogCurrency(logDatabase, ORDERS_STREAM),
      ledger: createLedgerCopy(ledgerDatabase),
    };
    return await work(books, progress);
  } finally {
    progress.end();
    await Promise.allSettled([logDatabase.stop(), ledgerDatabase.stop()]);
  }
}

/** Writes a temporary file and renames it when it is complete and on disk. */
async function backUp(file: string, books: Books, progress: Progress): Promise<BackedUp> {
  const options = {
    ...books,
    onProgress: (what: string, done: number, total?: number) => progress.report(what, done, total),
  };
  if (file === '-') {
    if (process.stdout.isTTY) {
      throw new UsageError('A backup is binary: send it to a file or a program.');
    }
    return backup(background(), { ...options, write: written(process.stdout) });
  }
  if (await exists(file)) {
    throw new UsageError(`${file} already exists: name another file.`);
  }
  const part = join(dirname(file), `.${basename(file)}.${randomUUID()}.part`);
  const handle = await open(part, 'wx', 0o600);
  try {
    const done = await backup(background(), {
      ...options,
      write: async (bytes) => {
        await handle.writeFile(bytes);
      },
    });
    await handle.sync();
    await handle.close();
    await rename(part, file);
    return done;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Resolves when `stream` has taken the bytes and has room for more. */
const written =
  (stream: NodeJS.WritableStream) =>
  (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });

/**
 * The file, or standard input saved to a file that is removed afterwards, because it is read
 * twice.
 */
async function withFile<T>(file: string, work: (path: string) => Promise<T>): Promise<T> {
  if (file !== '-') {
    if (!(await exists(file))) throw new UsageError(`There is no file ${file}.`);
    return work(file);
  }
  const folder = await mkdtemp(join(tmpdir(), 'orders-restore-'));
  try {
    const path = join(folder, 'backup');
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A running service would answer events whose later events are not there yet. */
async function refuseWhileRunning(address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address.replace(/^[a-z]+:\/*/, '')}`);
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
    socket.setTimeout(2_000, () => socket.destroy(new Error('silent')));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
  if (!answers) return;
  throw new CodedError(
    'precondition_failed',
    'services_running',
    `The event store at ${address} is still running → stop all services but not the servers: make start SERVICES=none; or name another address with --eventstore`,
  );
}

/** Before anything is read. Throws UsageError. */
async function mustBeNew(file: string | undefined): Promise<void> {
  if (file !== undefined && (await exists(file))) {
    throw new UsageError(`${file} already exists: name another file.`);
  }
}

/** The keys after the log: one is there before the first event that needs it. */
async function backUpKeys(file: string, options: BooksOptions): Promise<void> {
  const text = await withKeyTable(options, async ({ keys }) =>
    keysText(await readKeys(background(), keys, new Date(Date.now()).toISOString())),
  );
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
}

interface KeysToRestore {
  readonly backup: KeysBackup;
  readonly erasures: readonly string[];
}

/** Nobody should forget who was erased. Throws UsageError, and CodedError `keys_damaged`. */
async function keysToRestore({ keys = '', erasures }: BooksOptions): Promise<KeysToRestore> {
  if (erasures === undefined) {
    throw new UsageError(
      '--keys needs --erasures: the file that ordersctl erasures wrote last, or none. Else customers who were erased since would come back',
    );
  }
  const backup = keysIn(await fileText('--keys', keys));
  return {
    backup,
    erasures: erasures === 'none' ? [] : await pseudonymsIn('--erasures', erasures),
  };
}

const withKeys = (options: BooksOptions, { backup, erasures }: KeysToRestore) =>
  withKeyTable(options, (books) => restoreKeys(background(), books, backup, erasures));

/** As the owner of the keys: an operator may not bring one back. */
async function withKeyTable<T>(
  { personalDatabase }: BooksOptions,
  work: (books: { readonly keys: KeyCopy; readonly people: PersonalData }) => Promise<T>,
): Promise<T> {
  const option = { name: '--personal-database', value: personalDatabase };
  const database = createDatabase({
    url: asKeysOwner(addressOf('PERSONAL_DATABASE_URL', option)),
    name: 'ordersctl backup',
    poolSize: 2,
    queryTimeoutMs: QUERY_MS,
    logger: silentLogger,
  });
  try {
    return await work({ keys: sqlKeyCopy(database), people: peopleOf(sqlKeyTable(database)) });
  } finally {
    await database.stop();
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

function backupReport(file: string, done: BackedUp, seconds: number): string {
  const lines = [
    `${file}: ${done.events} events up to position ${done.head} and ${done.lines} lines of the ledger, ${megabytes(done.bytes)} MB in ${seconds.toFixed(1)} s`,
  ];
  if (done.left_out > 0) {
    lines.push(
      `${done.left_out} lines of the ledger are not in it: their orders were placed during the backup`,
    );
  }
  return lines.join('\n');
}

const backupDocument = (done: BackedUp, seconds: number) => ({
  head: Number(done.head),
  events: done.events,
  ledger_lines: done.lines,
  ledger_lines_left_out: done.left_out,
  bytes: done.bytes,
  seconds: Number(seconds.toFixed(3)),
  content_sha256: done.content,
});

async function checked(path: string): Promise<Checked> {
  const progress = terminalProgress();
  try {
    return await check(createReadStream(path, { highWaterMark: READ }), (done, total) =>
      progress.report('events checked', done, total),
    );
  } finally {
    progress.end();
  }
}

const checkReport = ({ header, sums }: Checked): string =>
  `the backup of ${header.made_at} is intact: ${sums.events} events up to position ${header.head} and ${sums.lines} lines of the ledger, in ${header.currency === undefined ? 'a currency that it does not name' : currencyText(header.currency)}`;

const checkDocument = ({ header, sums }: Checked) => ({
  head: Number(header.head),
  made_at: header.made_at,
  ...(header.currency !== undefined && { currency: header.currency.code }),
  events: sums.events,
  ledger_lines: sums.lines,
  ledger_lines_left_out: sums.left_out,
  content_sha256: sums.content,
});

function restoreReport(done: Restored, back: RestoredKeys | undefined, seconds: number): string {
  const lines = [
    `restored and verified ${done.events} events and ${done.lines} lines of the ledger of ${done.madeAt}, in ${seconds.toFixed(1)} s`,
    'start the services now: stream, read model and deadlines are filled from the log; then run npx ordersctl audit',
  ];
  lines.push(
    done.currency === undefined
      ? 'the backup does not name its currency: start all services with the CURRENCY that they had; the first one records it'
      : `the log's currency is ${currencyText(done.currency)}: start the services with CURRENCY=${done.currency.code}`,
  );
  if (back !== undefined) {
    lines.push(
      `${back.keys} keys of customers are back; ${back.left_out} are not, because their customers were erased`,
    );
  }
  if (done.wentOn) lines.unshift('continued an earlier restore of this backup');
  return lines.join('\n');
}

const restoreDocument = (done: Restored, back: RestoredKeys | undefined, seconds: number) => ({
  ...(back !== undefined && { keys: back.keys, keys_left_out: back.left_out }),
  head: Number(done.head),
  events: done.events,
  ledger_lines: done.lines,
  made_at: done.madeAt,
  ...(done.currency !== undefined && { currency: done.currency.code }),
  went_on: done.wentOn,
  seconds: Number(seconds.toFixed(3)),
  content_sha256: done.content,
});
