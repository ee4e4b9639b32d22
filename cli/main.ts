/** The command `ordersctl`: what an operator does by hand. Exit codes: see exit-code.ts. */
import { Command, CommanderError } from 'commander';
import project from '../package.json' with { type: 'json' };
import { keepLoopbackDirect } from '../shared/kit/process/address/direct-loopback.ts';
import { shownLines } from '../shared/kit/shown.ts';
import { errorText, misuse } from './error-text.ts';
import { endOfHelp, withExample } from './example.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import { addCommands } from './groups.ts';
import { summaryOf } from './summary.ts';

keepLoopbackDirect();
// The reader may have closed the pipe, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.failed);
});
const program = new Command('ordersctl')
  .description('Operates the order system.')
  .version(project.version, '-V, --version', 'print the version')
  .configureHelp({ subcommandDescription: summaryOf })
  .addHelpText('afterAll', ({ command }) => endOfHelp(command))
  .configureOutput({
    // It repeats what was typed, or pasted.
    writeErr: (text) => void process.stderr.write(shownLines(text)),
    // Said below, as all errors are.
    outputError: () => {},
  })
  .exitOverride();

withExample(program, 'audit');

const [, , first] = process.argv;
try {
  if (first !== '--version' && first !== '-V') await addCommands(program, first);
  await program.parseAsync();
} catch (error) {
  const json = process.argv.includes('--json');
  if (!(error instanceof CommanderError)) {
    console.error(errorText(error, json));
    process.exitCode = exitCodeOf(error);
  } else if (error.exitCode === 0) {
    process.exitCode = exitCodes.done;
  } else {
    // Without a command it has printed the help.
    if (error.code !== 'commander.help') console.error(errorText(misuse(error, json), json));
    process.exitCode = exitCodes.usedWrongly;
  }
}
