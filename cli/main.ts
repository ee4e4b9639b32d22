/** The command `ordersctl`: what an operator does by hand. Exit codes: see exit-code.ts. */
import { Command, CommanderError } from 'commander';
import { keepLoopbackDirect } from '../shared/kit/process/direct-loopback.ts';
import { errorText } from './error-text.ts';
import { EXIT_CODES_HELP, exitCodeOf, exitCodes } from './exit-code.ts';
import { addCommands } from './groups.ts';

keepLoopbackDirect();
// The reader may have closed the pipe, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.failed);
});
const program = new Command('ordersctl')
  .description('Operates the order system.')
  .addHelpText('afterAll', EXIT_CODES_HELP)
  .showHelpAfterError(
    'ordersctl --help lists the commands, ordersctl <command> --help their options',
  )
  .exitOverride();

try {
  await addCommands(program, process.argv[2]);
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usedWrongly;
  } else {
    console.error(errorText(error, process.argv.includes('--json')));
    process.exitCode = exitCodeOf(error);
  }
}
