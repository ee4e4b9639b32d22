/** Whatever a help shows as an example works as it stands, on a stack that runs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Command } from 'commander';
import { durables } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { orderHands } from '../stack/testing/order-hands.ts';
import { type OrderStack, startOrderStack } from '../stack/testing/order-stack.ts';
import { testFolder } from '../stack/testing.ts';
import { EXAMPLE_ORDER, exampleOf } from './example.ts';
import { groups } from './groups.ts';

/** Its orders wait for a person. */
const MANUAL = 'demo-manual';
/** The position that examples of dead letters name. */
const EXAMPLE_POSITION = /\b42\b/;
const ctx = background();

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Every command that does something, with its words. */
const leaves = (command: Command, path = ''): readonly (readonly [string, Command])[] =>
  command.commands.flatMap((one) => {
    const words = `${path} ${one.name()}`.trim();
    return one.commands.length === 0 ? [[words, one] as const] : leaves(one, words);
  });

const program = new Command('ordersctl');
for (const { load } of groups) (await load())(program);

describe('the example of each command', function () {
  this.timeout(180_000);
  let stack: OrderStack;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let place: (restaurant: string) => Promise<string>;
  let paid: () => Promise<string>;
  let letterAt: string;

  before(async () => {
    stack = await startOrderStack({ zipkin: false, own: { PERSONAL_DATA: 'sealed' } });
    folder = await testFolder();
    const bin = join(folder, 'bin');
    await mkdir(bin);
    const launcher = join(import.meta.dirname, 'ordersctl.js');
    const script = `#!/bin/sh\nexec '${process.execPath}' '${launcher}' "$@"\n`;
    await writeFile(join(bin, 'ordersctl'), script, { mode: 0o755 });
    env = {
      ...process.env,
      ...stack.addresses,
      ORDERS_URL: stack.httpUrl,
      CREDENTIALS_DIR: stack.credentialsDir,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
    };
    const hands = orderHands(stack);
    place = (restaurant) => hands.place({ customer: 'ada', restaurant });
    paid = async () => {
      const orderId = await place(MANUAL);
      await hands.untilItIs(orderId, 'Paid', 'debited');
      return orderId;
    };
    const orderId = await paid();
    const { events } = await stack.store.read(ctx, { aggregateId: orderId, limit: 1 });
    const [created = assert.fail()] = events;
    await stack.store.park(ctx, {
      ...{ consumer: durables.payment, position: created.position, eventId: created.eventId },
      ...{ reason: 'gateway_away', lastError: 'The gateway is away.', deliveries: 12 },
      traceparent: '',
    });
    letterAt = String(created.position);
  });
  after(() => stack?.stop());

  /** Runs a line as a person types it; one that does not end is interrupted as soon as it says something. */
  async function run(line: string, interrupted = false): Promise<Ran> {
    const child = spawn('bash', ['-c', line], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      // A second one would not wait for the end.
      if (stdout === '' && interrupted) child.kill('SIGINT');
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, 'close');
    return { code, stdout, stderr };
  }

  /** A new order in the state that the command needs. */
  const orderFor = (words: string): Promise<string> =>
    ['cancel', 'approve', 'reject'].includes(words) ? paid() : place('trattoria');

  for (const [words, command] of leaves(program)) {
    it(`${words} does what it says`, async () => {
      const example = exampleOf(command) ?? assert.fail('it has none');
      const line = example
        .replace(EXAMPLE_ORDER, await orderFor(words))
        .replace(EXAMPLE_POSITION, letterAt);
      if (words === 'watch') {
        const placing = setInterval(() => void place('trattoria'), 500);
        const { code, stdout } = await run(line, true).finally(() => clearInterval(placing));
        assert.equal(code, 0);
        assert.match(stdout, /trattoria/);
        return;
      }
      const { code, stdout, stderr } = await run(line);
      // What it finds is not what is tried here.
      const fine = words === 'audit' ? [0, 5, 6] : [0];
      assert.ok(fine.includes(code ?? -1), `${line}: ${code}\n${stdout}${stderr}`);
    });
  }
});
