import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Who may ask the machine what time it is, and what for. Durations are measured by `performance.now()`. */
const allowed: Readonly<Record<string, string>> = {
  'cli/audit/audit.ts': 'compares with the times that events carry',
  'cli/audit/deadline-sweep.ts': 'compares with when deadlines are due',
  'cli/audit/letters.ts': 'compares with when letters were parked',
  'cli/audit/log-sweep.ts': 'compares with the times that events carry',
  'cli/backup/backup.ts': 'writes when a backup was made',
  'cli/commands/consumers-command.ts': 'tells people how long ago an event was',
  'cli/commands/open-command.ts': 'compares with when orders are due',
  'cli/commands/watch-command.ts': 'tells people how long ago an order changed',
  'cli/commands/backup-commands.ts': 'writes when keys were copied',
  'cli/commands/credentials-commands.ts': 'says from when certificates count',
  'cli/commands/log-commands.ts': 'names a file by when it was made',
  'cli/read-story.ts': 'tells people how long ago an event was',
  'services/console/container.ts': 'compares with when orders are due',
  'shared/credentials/leaves.ts': 'compares with when certificates end',
  'services/ordersvc/service.ts': 'writes when an order was placed',
  'shared/eventstore/memory/memory-event-store.ts': 'writes when an event was appended',
  'shared/kit/transport/http/callers/bearer-tokens.ts': 'compares with when tokens expire',
  'shared/kit/transport/grpc/call.ts': 'grpc-js takes deadlines of this clock',
  'shared/kit/transport/grpc/heartbeat.ts': 'grpc-js takes deadlines of this clock',
  'shared/kit/transport/grpc/call-context.ts': 'grpc-js gives deadlines of this clock',
};

/** Both ask the clock that people and time servers set, also back. */
const asking = /\bDate\.now\b|\bnew Date\(\)/;

describe('the clock of the machine', () => {
  const sources = globSync('{cli,services,shared,stack,zipkin}/**/*.ts', { cwd: root }).filter(
    (file) => !/\.spec\.ts$|(^|\/)testing(\/|\.ts$)/.test(file),
  );
  const code = (file: string) =>
    readFileSync(`${root}/${file}`, 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '');

  it('is asked by nobody who measures how long something takes', () => {
    const asked = sources.filter((file) => asking.test(code(file)));
    assert.ok(asked.includes('shared/kit/transport/grpc/call.ts'), 'the search finds something');
    assert.deepEqual(
      asked.filter((file) => allowed[file] === undefined),
      [],
      'measure by performance.now(), which nobody sets; or name the file above, with a reason',
    );
  });
});
