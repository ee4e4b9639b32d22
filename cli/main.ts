#!/usr/bin/env node
/** The command `orders`: what an operator does by hand. Exit codes: 0 done, 1 failed, 2 used wrongly. */
import { Command, CommanderError } from 'commander';
import { codedError } from '../shared/kit/errors.ts';
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
  .option('--nats <url>', 'address of NATS', process.env.NATS_URL || 'nats://127.0.0.1:4222')
  .option('--json', 'print JSON')
  .action(async ({ nats, json }: { nats: string; json?: true }) => {
    const { stream, messages } = await resetStream(nats);
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
    console.error(`orders: ${codedError(error).message}`);
    process.exitCode = 1;
  }
}
