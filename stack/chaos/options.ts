import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import { UsageError } from '../../cli/option.ts';
import { wholeNumber } from '../../cli/settings.ts';
import { DEADLINE_MS } from './settings.ts';

export interface ChaosOptions {
  readonly orders: number;
  readonly seed: number;
  /** Of each service. */
  readonly instances: number;
  readonly natsNodes: 1 | 3;
  /** Where the databases are: on one server of the stack's own, or on three under Patroni. */
  readonly sql: SqlForm;
  /** Of an order's payment, and of its review. */
  readonly deadlineMs: number;
  /** Only faults whose name matches this. */
  readonly only: RegExp | undefined;
  /** How texts about customers are stored. Workers do not know sealed names, so no wish is for one. */
  readonly personalData: PersonalDataForm;
  readonly json: boolean;
}

const sqlForms = ['embedded', 'patroni'] as const;
export type SqlForm = (typeof sqlForms)[number];

const forms = ['plain', 'sealed'] as const;
export type PersonalDataForm = (typeof forms)[number];

const MOST_ORDERS = 100_000;
const MOST_SEED = 1_000_000;

/** Throws UsageError for a wrong value, and CommanderError for an unknown option and for `--help`. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const read = new Command('chaos')
    .description(
      'Starts its own stack, places orders, and meanwhile harms every process and every ' +
        'connection. At the end each order must have ended as its people wished, and ' +
        'all books must agree; otherwise the exit code is 1. Places about fourteen orders a second. ' +
        'On three PostgreSQL servers under Patroni each kind of failover happens once at least, however few ' +
        'orders there are; PostgreSQL itself is not stopped and started as a whole, and nothing harms ' +
        'etcd or what the three servers say to each other.',
    )
    .option('--orders <n>', 'how many; the faults last as long', '3000')
    .option('--seed <n>', 'decides the orders, the faults and their sequence (default: random)')
    .option('--instances <n>', 'of each service, up to 4', '1')
    .option('--nats-nodes <n>', '1 or 3 (default: NATS_NODES, or 1 with one instance, else 3)')
    .option(
      '--sql <form>',
      'embedded, one PostgreSQL server, or patroni, three under Patroni (default: SQL, or embedded)',
    )
    .option('--only <pattern>', 'only faults whose name matches this regular expression')
    .option(
      '--personal-data <form>',
      'how texts about customers are stored, plain or sealed (default: PERSONAL_DATA, or plain)',
    )
    .option('--json', 'print JSON')
    .exitOverride()
    .parse(args, { from: 'user' })
    .opts<{
      orders: string;
      seed?: string;
      instances: string;
      natsNodes?: string;
      sql?: string;
      only?: string;
      personalData?: string;
      json?: true;
    }>();
  const instances = wholeNumber('--instances', read.instances, 1, 4);
  const nodes = process.env.NATS_NODES?.trim() || (instances === 1 ? '1' : '3');
  const server = process.env.SQL?.trim() || 'embedded';
  return {
    orders: wholeNumber('--orders', read.orders, 1, MOST_ORDERS),
    seed:
      read.seed === undefined
        ? randomInt(MOST_SEED)
        : wholeNumber('--seed', read.seed, 0, MOST_SEED),
    instances,
    natsNodes:
      read.natsNodes === undefined
        ? oneOrThree(`NATS_NODES=${nodes}`, nodes)
        : oneOrThree(`--nats-nodes ${read.natsNodes}`, read.natsNodes),
    sql:
      read.sql === undefined
        ? sqlForm(`SQL=${server}`, server)
        : sqlForm(`--sql ${read.sql}`, read.sql),
    deadlineMs: DEADLINE_MS,
    only: read.only === undefined ? undefined : pattern(read.only),
    personalData: formOf(read.personalData ?? (process.env.PERSONAL_DATA?.trim() || 'plain')),
    json: read.json ?? false,
  };
}

function oneOrThree(given: string, text: string): 1 | 3 {
  if (text === '1') return 1;
  if (text === '3') return 3;
  throw new UsageError(`${given} is not possible: give 1 or 3`);
}

function sqlForm(given: string, text: string): SqlForm {
  const form = sqlForms.find((one) => one === text);
  if (form !== undefined) return form;
  throw new UsageError(`${given} is not possible: give embedded or patroni`);
}

function formOf(text: string): PersonalDataForm {
  const form = forms.find((one) => one === text);
  if (form !== undefined) return form;
  throw new UsageError(`--personal-data ${text} is not possible: give plain or sealed`);
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new UsageError(`--only ${text} is not a regular expression: ${(error as Error).message}`);
  }
}
