/** `ordersctl stream`: the copy of the log in JetStream, and the copies that NATS keeps of it. */
import type { Command } from 'commander';
import { setting } from '../../shared/kit/process/setting.ts';
import { addressHelp, addressOf } from '../addresses.ts';
import { withExample } from '../example.ts';
import { optionOrVariable } from '../option.ts';
import { terminalPaint } from '../paint.ts';
import { print } from '../print.ts';
import { terminalProgress } from '../progress.ts';
import { wholeNumber } from '../settings.ts';
import { withBroker } from '../stream/broker.ts';
import {
  renderScaled,
  renderStream,
  scaledDocument,
  streamDocument,
} from '../stream/render-stream.ts';
import { copiesWanted, readStream, scaleStream } from '../stream/scale-stream.ts';
import { checkIsCopy, resetStream } from '../stream/stream-reset.ts';

interface BrokerOptions {
  readonly nats?: string;
  readonly json?: true;
}

interface ScaleOptions extends BrokerOptions {
  readonly wait: string;
}

interface ResetOptions extends BrokerOptions {
  readonly replicas?: string;
  readonly eventstore?: string;
  readonly force?: true;
}

const LONGEST_WAIT_S = 86_400;

const withNats = (command: Command): Command =>
  command.option(
    '--nats <url>',
    `address of NATS, or several separated by commas (${addressHelp('NATS_URL')})`,
  );

const natsAddress = ({ nats }: BrokerOptions): string =>
  addressOf('NATS_URL', { name: '--nats', value: nats });

export function addStreamCommands(program: Command): void {
  const stream = program.command('stream').description('the copy of the log in JetStream');
  addShow(stream);
  addScale(stream);
  addReset(stream);
}

function addShow(stream: Command): void {
  withNats(withExample(stream.command('show'), 'stream show'))
    .description(
      'show how many messages the stream has, which servers keep copies of it and of its ' +
        'durables, who leads, and which copies have everything',
    )
    .option('--json', 'print JSON')
    .action(async (options: BrokerOptions) => {
      const found = await withBroker(natsAddress(options), readStream);
      print(options, found, (all) => renderStream(all, terminalPaint), streamDocument);
    });
}

function addScale(stream: Command): void {
  withNats(withExample(stream.command('scale'), 'stream scale 1'))
    .description(
      'change how many servers of the cluster keep a copy of the stream and of its durables, ' +
        'while all goes on, and wait until each copy has everything. STREAM_REPLICAS of ' +
        'eventstoresvc and the bootstrapper is the least: raise it afterwards, and lower it before',
    )
    .argument('<replicas>', '1, 3 or 5; not more than the cluster has servers')
    .option('--wait <seconds>', 'how long to wait for the copies', '120')
    .option('--json', 'print JSON')
    .action(async (text: string, options: ScaleOptions) => {
      const replicas = copiesWanted(text);
      const waitMs = 1_000 * wholeNumber('--wait', options.wait, 1, LONGEST_WAIT_S);
      const progress = terminalProgress();
      try {
        const scaled = await withBroker(natsAddress(options), (connection) =>
          scaleStream(connection, replicas, waitMs, progress),
        );
        progress.end();
        print(options, scaled, (all) => renderScaled(all, terminalPaint), scaledDocument);
      } finally {
        progress.end();
      }
    });
}

function addReset(stream: Command): void {
  withNats(withExample(stream.command('reset'), 'stream reset --yes'))
    .description('delete the stream; the event store refills it from the log')
    .requiredOption('--yes', 'confirm; consumers continue from their checkpoints')
    .option(
      '--replicas <n>',
      'least number of copies on a cluster, if it had fewer (default: STREAM_REPLICAS)',
    )
    .option(
      '--eventstore <address>',
      `address of the event store, which checks that the log has everything (${addressHelp('EVENTSTORE_ADDRESS')})`,
    )
    .option(
      '--force',
      'even if the stream has events that the log has lost, or this cannot be checked',
    )
    .option('--json', 'print JSON')
    .action(async (options: ResetOptions) => {
      const { replicas, json, eventstore, force } = options;
      const natsUrl = natsAddress(options);
      const copies = optionOrVariable(
        setting.streamReplicas(),
        { name: '--replicas', value: replicas },
        'STREAM_REPLICAS',
      );
      const store = addressOf('EVENTSTORE_ADDRESS', { name: '--eventstore', value: eventstore });
      if (!force) await checkIsCopy(store);
      const { stream, messages } = await resetStream(natsUrl, copies);
      print(
        { ...(json && { json }) },
        { stream, removed_messages: Number(messages) },
        (reset) =>
          `${reset.stream}: ${reset.removed_messages} messages removed; the event store refills it from the log`,
      );
    });
}
