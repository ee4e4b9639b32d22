#!/usr/bin/env node
/** The command `orders`: what an operator does by hand. Exit codes: see exit-code.ts. */
import { Command, CommanderError } from 'commander';
import { keepLoopbackDirect } from '../shared/kit/direct-loopback.ts';
import { setting } from '../shared/kit/setting.ts';
import { addressHelp, addressOf } from './addresses.ts';
import { addAuditCommand } from './audit.ts';
import { addBackupCommands } from './backup.ts';
import { addDeadLetterCommands } from './dlq.ts';
import { errorText } from './error-text.ts';
import { EXIT_CODES_HELP, exitCodeOf, exitCodes } from './exit-code.ts';
import { addExplainCommand } from './explain.ts';
import { addLogCommands } from './log.ts';
import { optionOrVariable } from './option.ts';
import { addOrderCommands } from './order-commands.ts';
import { print } from './print.ts';
import { addReadModelCommands } from './read-model.ts';
import { addSagaCommands } from './saga.ts';
import { checkIsCopy, resetStream } from './stream-reset.ts';

interface ResetOptions {
  readonly nats?: string;
  readonly replicas?: string;
  readonly json?: true;
  readonly eventstore?: string;
  readonly force?: true;
}

keepLoopbackDirect();
const program = new Command('orders')
  .description('Looks after the order system.')
  .addHelpText('afterAll', EXIT_CODES_HELP)
  .showHelpAfterError(
    'orders --help shows the commands, orders <command> --help the options of one',
  )
  .exitOverride();

program
  .command('stream')
  .description('the copy of the log in JetStream')
  .command('reset')
  .description('throw the copy away; the event store fills it again from the log')
  .requiredOption('--yes', 'really: consumers begin again where their checkpoints say')
  .option(
    '--nats <url>',
    `address of NATS, or several separated by commas (${addressHelp('NATS_URL')})`,
  )
  .option('--replicas <n>', 'copies of the stream on a cluster (default: STREAM_REPLICAS)')
  .option(
    '--eventstore <address>',
    `address of the event store, which knows whether the log has all of it (${addressHelp('EVENTSTORE_ADDRESS')})`,
  )
  .option('--force', 'also where it holds events that the log has lost, or nobody can tell')
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
        `${reset.stream}: ${reset.removed_messages} messages removed; the event store fills it again from the log`,
    );
  });

addLogCommands(program);
addOrderCommands(program);
addExplainCommand(program);
addDeadLetterCommands(program);
addSagaCommands(program);
addReadModelCommands(program);
addAuditCommand(program);
addBackupCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usedWrongly;
  } else {
    console.error(errorText(error, process.argv.includes('--json')));
    process.exitCode = exitCodeOf(error);
  }
}
