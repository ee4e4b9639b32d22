#!/usr/bin/env node
/** The command `orders`: what an operator does by hand. Exit codes: 0 done, 1 failed, 2 used wrongly. */
import { Command, CommanderError } from 'commander';
import { codedError } from '../shared/kit/errors.ts';
import { setting } from '../shared/kit/setting.ts';
import { optionOrVariable, UsageError } from './option.ts';
import { resetStream } from './stream-reset.ts';

const program = new Command('orders')
  .description('Looks after the order system.')
  .showHelpAfterError()
  .exitOverride();

program
  .command('stream')
  .description('the copy of the log in JetStream')
  .command('reset')
  .description('throw the copy away; the event store fills it again from the log')
  .requiredOption('--yes', 'really: consumers begin again where their checkpoints say')
  .option('--nats <url>', 'address of NATS, or several separated by commas (default: NATS_URL)')
  .option('--replicas <n>', 'copies of the stream on a cluster (default: STREAM_REPLICAS)')
  .option('--json', 'print JSON')
  .action(async ({ nats, replicas, json }: { nats?: string; replicas?: string; json?: true }) => {
    const { stream, messages } = await resetStream(
      optionOrVariable(
        setting.natsUrl('nats://127.0.0.1:4222'),
        { name: '--nats', value: nats },
        'NATS_URL',
      ),
      optionOrVariable(
        setting.integer(1, { min: 1, max: 5 }),
        { name: '--replicas', value: replicas },
        'STREAM_REPLICAS',
      ),
    );
    console.log(
      json
        ? JSON.stringify({ stream, removed_messages: Number(messages) })
        : `${stream}: ${messages} messages removed; the event store fills it again from the log`,
    );
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const wrongUse = error instanceof UsageError;
    console.error(`orders: ${wrongUse ? error.message : codedError(error).message}`);
    process.exitCode = wrongUse ? 2 : 1;
  }
}
