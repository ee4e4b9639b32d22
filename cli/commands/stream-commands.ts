/** `ordersctl stream reset`: deletes the copy of the log in JetStream. */
import type { Command } from 'commander';
import { setting } from '../../shared/kit/process/setting.ts';
import { addressHelp, addressOf } from '../addresses.ts';
import { withExample } from '../example.ts';
import { optionOrVariable } from '../option.ts';
import { print } from '../print.ts';
import { checkIsCopy, resetStream } from '../stream-reset.ts';

interface ResetOptions {
  readonly nats?: string;
  readonly replicas?: string;
  readonly json?: true;
  readonly eventstore?: string;
  readonly force?: true;
}

export function addStreamCommands(program: Command): void {
  const stream = program.command('stream').description('the copy of the log in JetStream');
  withExample(stream.command('reset'), 'stream reset --yes')
    .description('delete the stream; the event store refills it from the log')
    .requiredOption('--yes', 'confirm; consumers continue from their checkpoints')
    .option(
      '--nats <url>',
      `address of NATS, or several separated by commas (${addressHelp('NATS_URL')})`,
    )
    .option('--replicas <n>', 'copies of the stream on a cluster (default: STREAM_REPLICAS)')
    .option(
      '--eventstore <address>',
      `address of the event store, which checks that the log has everything (${addressHelp('EVENTSTORE_ADDRESS')})`,
    )
    .option(
      '--force',
      'even if the stream has events that the log has lost, or this cannot be checked',
    )
    .option('--json', 'print JSON')
    .action(async ({ nats, replicas, json, eventstore, force }: ResetOptions) => {
      const natsUrl = addressOf('NATS_URL', { name: '--nats', value: nats });
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
