/**
 * `npm run k8s`: prints the objects of the system for Kubernetes, as YAML. `--nats-values` prints
 * what NATS' chart is given, and `--secrets FOLDER` the Secrets of the credentials in the folder.
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { exitCodes } from '../cli/exit-code.ts';
import { describeProblem, SetupProblem } from '../stack/problem.ts';
import { natsValues } from './broker.ts';
import { checked, manifests } from './manifests.ts';
import { readOptions } from './options.ts';
import { secretObjects } from './secrets.ts';

const command = new Command('k8s')
  .description('Prints the objects of the system for Kubernetes, as YAML.')
  .option('--options <file>', 'JSON, with what deploy/options.ts lists')
  .option('--nats-values', 'print the values for the chart of NATS instead')
  .option('--secrets <folder>', 'print the Secrets of the credentials in this folder instead')
  .exitOverride(({ exitCode }) =>
    process.exit(exitCode === 0 ? exitCodes.done : exitCodes.usedWrongly),
  )
  .parse();

const given = command.opts<{ options?: string; natsValues?: true; secrets?: string }>();
/** npm runs a script in the package's folder, and says here where its caller stands. */
const path = (text: string) => resolve(process.env.INIT_CWD ?? '.', text);

try {
  const options = await readOptions(given.options && path(given.options));
  if (given.natsValues) console.log(stringify(natsValues(options)));
  else {
    const objects =
      given.secrets === undefined
        ? await manifests(options)
        : (await secretObjects(path(given.secrets), options)).map(checked);
    console.log(
      objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
    );
  }
} catch (error) {
  if (!(error instanceof SetupProblem)) throw error;
  console.error(describeProblem(error));
  process.exitCode = exitCodes.failed;
}
