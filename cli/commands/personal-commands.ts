/** `ordersctl erase`, `export` and `erasures`: what customers may ask for. */
import { rename, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { peopleOf } from '../../shared/personal-data/key-table.ts';
import type { PersonalData } from '../../shared/personal-data/personal-data.ts';
import { sqlKeyTable } from '../../shared/personal-data/sql-key-table.ts';
import { type AddressVariable, addressHelp, addressOf } from '../addresses.ts';
import { auditedLedger } from '../audit/tables.ts';
import { keysIn, keysText, withoutErased } from '../backup/keys-backup.ts';
import { currencyOfLog } from '../currency.ts';
import { withEventStore } from '../event-store.ts';
import { withExample } from '../example.ts';
import { fileText } from '../file-text.ts';
import { type CustomerErasure, eraseCustomer } from '../personal/erase-customer.ts';
import { pseudonymsIn } from '../personal/erasures-file.ts';
import { exportCustomer } from '../personal/export-customer.ts';
import { whereNothingIsSealed } from '../personal/no-keys.ts';
import { print, printJson } from '../print.ts';
import { type CommonOptions, eventStoreAddress, withOptions } from '../settings.ts';

const QUERY_MS = 10_000;
const KEYS = [
  '--keys <url>',
  `database of the keys (${addressHelp('PERSONAL_DATABASE_URL')})`,
] as const;

interface KeysOptions {
  readonly keys?: string;
}

export function addPersonalCommands(program: Command): void {
  withOptions(withExample(program.command('erase'), 'erase ada'), 'eventStore', 'json')
    .description("delete a customer's key, and with it all that is sealed with it, for good")
    .argument('<customer>')
    .option('--yes', 'do it; without it, only show what would be erased')
    .option(...KEYS)
    .action(async (name: string, options: CommonOptions & KeysOptions & { yes?: true }) => {
      const erased = await withBooks(options, ({ database, ...books }) =>
        eraseCustomer(
          background(),
          { ...books, logDatabase: database('EVENTSTORE_DATABASE_URL') },
          { name, dryRun: options.yes !== true },
        ),
      );
      print(options, erased, eraseReport);
    });

  withOptions(
    withExample(program.command('export'), 'ordersctl export ada > ada.json'),
    'eventStore',
  )
    .description('print all that is known about a customer, as JSON')
    .argument('<customer>')
    .option(...KEYS)
    .action(async (name: string, options: CommonOptions & KeysOptions) => {
      const document = await withBooks(options, ({ database, ...books }) =>
        exportCustomer(
          background(),
          { ...books, ledger: auditedLedger(database('PAYMENTS_DATABASE_URL')) },
          name,
        ),
      );
      printJson(document);
    });

  withOptions(withExample(program.command('erasures'), 'ordersctl erasures > erasures.txt'), 'json')
    .description('list the pseudonyms that were erased, to be kept beside the backups')
    .option('--apply <file>', 'erase those of such a list again, after a restore')
    .option(
      '--remove-from <file>',
      'take their keys out of a file that ordersctl backup --keys wrote',
    )
    .option(...KEYS)
    .action(async (options: ErasuresOptions) => {
      await withKeys(options, async (people) => {
        if (options.removeFrom !== undefined) {
          const file = options.removeFrom;
          const erased = (await people.erasures(background())).map(({ pseudonym }) => pseudonym);
          const removed = await removeFrom(file, erased);
          print(options, { file, removed }, () => `${removed} keys were taken out of ${file}`);
          return;
        }
        if (options.apply !== undefined) {
          const listed = await pseudonymsIn('--apply', options.apply);
          const deleted = await people.erase(background(), listed);
          print(
            options,
            { listed: listed.length, deleted },
            (done) =>
              `${done.listed} erasures are recorded; ${done.deleted} keys had come back and are deleted`,
          );
          return;
        }
        const erasures = await people.erasures(background());
        print(options, erasures, (all) =>
          all.map(({ pseudonym, erasedAt }) => `${pseudonym} ${erasedAt.toISOString()}`).join('\n'),
        );
      });
    });
}

interface ErasuresOptions extends CommonOptions, KeysOptions {
  readonly apply?: string;
  readonly removeFrom?: string;
}

/** Writes the file again without these people's keys. Returns how many it had. */
async function removeFrom(file: string, erased: readonly string[]): Promise<number> {
  const before = keysIn(await fileText('--remove-from', file));
  const after = withoutErased(before, erased);
  await writeFile(`${file}.new`, keysText(after), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return before.rows.length - after.rows.length;
}

type Books = Parameters<typeof eraseCustomer>[1] & { readonly decimals: number };

/** What both commands look into. Connections are closed afterwards. */
async function withBooks<T>(
  options: CommonOptions & KeysOptions,
  work: (
    books: Omit<Books, 'logDatabase'> & { database: (variable: AddressVariable) => Database },
  ) => Promise<T>,
): Promise<T> {
  return withDatabases(async (database) =>
    withEventStore(eventStoreAddress(options), async (store) => {
      const { decimals } = await currencyOfLog(store);
      return work({
        store,
        people: peopleAt(database, options),
        ordersDatabase: database('ORDERS_DATABASE_URL'),
        codec: orderEventCodec(decimals),
        decimals,
        database,
      });
    }),
  );
}

const withKeys = <T>(options: KeysOptions, work: (people: PersonalData) => Promise<T>) =>
  withDatabases((database) => work(peopleAt(database, options)));

type Open = (variable: AddressVariable, url?: string) => Database;

async function withDatabases<T>(work: (open: Open) => Promise<T>): Promise<T> {
  const opened: Database[] = [];
  try {
    return await work((variable, value) => {
      const database = createDatabase({
        url: addressOf(variable, { name: '--keys', value }),
        name: 'ordersctl personal data',
        poolSize: 2,
        queryTimeoutMs: QUERY_MS,
        logger: silentLogger,
      });
      opened.push(database);
      return database;
    });
  } finally {
    await Promise.allSettled(opened.map((database) => database.stop()));
  }
}

/** Where nothing was ever sealed there is no such database, and so nobody in it. */
function peopleAt(open: Open, { keys }: KeysOptions): PersonalData {
  const people = peopleOf(sqlKeyTable(open('PERSONAL_DATABASE_URL', keys)));
  return {
    ...people,
    find: (ctx, name) => people.find(ctx, name).catch(whereNothingIsSealed(undefined)),
    erasures: (ctx) => people.erasures(ctx).catch(whereNothingIsSealed([])),
    erase: async (ctx, pseudonyms) => (pseudonyms.length === 0 ? 0 : people.erase(ctx, pseudonyms)),
  };
}

function eraseReport({ customer, pseudonym, done, orders, letters, plain }: CustomerErasure) {
  const lines: string[] = [];
  if (pseudonym === undefined) {
    lines.push(
      `there is no key of ${customer}: nothing is sealed under this name, or not any more`,
    );
  } else if (done) {
    lines.push(
      `the key of ${customer} is deleted: the texts of ${orders.length} orders cannot be read any more, in any copy; services forget it within ten seconds`,
      `in the books, which keep amounts, times, codes and restaurants, the customer is now ${pseudonym}`,
      `a backup of the keys made before brings this one back: take it out with npx ordersctl erasures --remove-from <file>; after a restore of such a copy, erase again with npx ordersctl erasures --apply <file>`,
    );
  } else {
    lines.push(
      `would delete the key of ${customer}: the texts of ${orders.length} orders could not be read any more; add --yes to do it`,
    );
  }
  if (letters > 0)
    lines.push(
      `${letters} dead letters: what was written in them ${done ? 'is' : 'would be'} replaced`,
    );
  if (plain.length > 0) {
    lines.push(
      `${plain.length} events name the customer in plain, from before texts were sealed; they stay as they are:`,
    );
    lines.push(...plain.map(({ orderId, position }) => `  order ${orderId}, position ${position}`));
  }
  return lines.join('\n');
}
