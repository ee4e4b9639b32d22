/** `ordersctl credentials`: what the programs of an installation need to know each other. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import {
  installationFolders,
  installationNatsConf,
  makeInstallation,
} from '../../shared/credentials/installation.ts';
import { withExample } from '../example.ts';
import { UsageError } from '../option.ts';
import { print } from '../print.ts';
import { type CommonOptions, wholeNumber, withOptions } from '../settings.ts';

const DAY_MS = 24 * 60 * 60_000;
const MOST_DAYS = 825;

interface FolderOptions {
  readonly at?: string;
  readonly streams: string;
}

interface MakeOptions extends FolderOptions, CommonOptions {
  readonly sqlHosts: string;
  readonly natsHosts: string;
  readonly days: string;
}

const AT = ['--at <path>', 'where NATS finds its folder; default: where it lies'] as const;
const STREAMS = ['--streams <names>', 'the streams that are served', ORDERS_STREAM] as const;

export function addCredentialsCommands(program: Command): void {
  const credentials = program
    .command('credentials')
    .description('make the credentials of an installation, a folder for each program');

  withOptions(
    withExample(
      credentials.command('make'),
      'credentials make credentials --sql-hosts sql.example',
    ),
    'json',
  )
    .description(
      'make what is missing and renew the certificates whose time is half over; each program ' +
        'gets the folder of its name, and nothing of another',
    )
    .argument('<folder>')
    .option(
      '--sql-hosts <names>',
      'names of the database, the one in addresses first, then those of its nodes',
      'cockroachdb,cockroach1,cockroach2,cockroach3',
    )
    .option(
      '--nats-hosts <names>',
      'names of NATS, the one in addresses first, then those of its nodes',
      'nats,nats1,nats2,nats3',
    )
    .option('--days <n>', `how long certificates count, at most ${MOST_DAYS}`, '90')
    .option(...AT)
    .option(...STREAMS)
    .action(async (folder: string, options: MakeOptions) => {
      const days = wholeNumber('--days', options.days, 1, MOST_DAYS);
      const path = resolve(folder);
      await makeInstallation({
        folder: path,
        at: options.at,
        sqlHosts: names('--sql-hosts', options.sqlHosts),
        natsHosts: names('--nats-hosts', options.natsHosts),
        streams: names('--streams', options.streams),
        leafMs: days * DAY_MS,
        now: Date.now(),
      });
      const folders = installationFolders();
      print(
        options,
        { folder: path, folders },
        () =>
          `${path} has the credentials of ${folders.length} programs: give each its own folder, and keep ${folders[0]}, which signs certificates and tokens, where no program reads it`,
      );
    });

  withExample(credentials.command('nats-conf'), 'credentials nats-conf credentials')
    .description(
      'print the configuration of nats-server for the keys in such a folder: who connects, and ' +
        'what each may publish and hear; it holds no secret',
    )
    .argument('<folder>')
    .option(...AT)
    .option(...STREAMS)
    .action((folder: string, { at, streams }: FolderOptions) => {
      const options = { folder: resolve(folder), at, streams: names('--streams', streams) };
      const lines = installationNatsConf(options).trimEnd().split('\n');
      print({}, lines, (all) => all.join('\n'));
    });
}

/** Throws UsageError if there is no name. */
function names(option: string, text: string): readonly [string, ...string[]] {
  const [first, ...others] = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (first === undefined || [first, ...others].some((name) => !/^[\w.-]+$/.test(name))) {
    throw new UsageError(`${option} is "${text}": it must be names, separated by commas`);
  }
  return [first, ...others];
}
