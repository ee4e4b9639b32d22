/**
 * Several writers on one log, in two processes, whose connections break before
 * and after their statements, who ask again, and who get no answer: whatever
 * happens, the log is what a model of it allows. A failing world prints its seed
 * and path; `fc.assert`'s own options replay it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { Appended, NewEvent, RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { CodedError, codedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { createGroupCommit, type GroupCommit } from './group-commit.ts';
import { APPENDING } from './sql-append.ts';
import { createEventLog, type EventLog } from './sql-log.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const ctx = background();
const PROCESSES = 2;
const AGGREGATES = 3;

/** What becomes of a statement: nothing else than is said, lost before or after it ran, or zero rows though it was written. */
type Fault = 'none' | 'lost before' | 'lost after' | 'zero rows';

const aFault = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fault>('none') },
  { weight: 1, arbitrary: fc.constantFrom<Fault>('lost before', 'lost after', 'zero rows') },
);

const aStep = fc.record({
  process: fc.nat(PROCESSES - 1),
  aggregate: fc.nat(AGGREGATES - 1),
  events: fc.integer({ min: 1, max: 3 }),
  /** Against which version: any, or so many behind the last one that is known to the writer. */
  behind: fc.option(fc.nat(2), { freq: 2 }),
  /** Sends an append once more that was sent before, by its number. */
  again: fc.option(fc.nat(), { freq: 4 }),
  lane: fc.constantFrom('answers' as const, 'new work' as const),
});

type Step = typeof aStep extends fc.Arbitrary<infer Value> ? Value : never;

interface Sent {
  readonly events: readonly NewEvent[];
  readonly expected: bigint | undefined;
  readonly outcomes: (Appended | CodedError)[];
}

describe('several writers on one log', function () {
  this.timeout(120_000);
  const databases: Database[] = [];
  const logs: EventLog[] = [];
  let faults: Fault[] = [];

  before(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    for (let n = 0; n < PROCESSES; n++) {
      const options = { url, name: `writer ${n}`, queryTimeoutMs: 5_000, logger: silentLogger };
      const database = createDatabase({ ...options, poolSize: 4 });
      const appends = createDatabase({ ...options, ...APPENDING });
      databases.push(database, appends);
      logs.push(createEventLog(database, appends, 'ORDERS'));
    }
  });
  after(() => Promise.all(databases.map((database) => database.stop())));

  /** The log, whose statements go wrong as `faults` has it, one after the other. */
  const faulty = (log: EventLog): EventLog => ({
    ...log,
    append: async (...args) => {
      const fault = faults.pop() ?? 'none';
      if (fault === 'lost before') throw lost();
      const done = await log.append(...args);
      if (fault === 'lost after') throw lost();
      return fault === 'zero rows' ? undefined : done;
    },
    snapshot: async (...args) => {
      if (faults.pop() === 'lost before') throw lost();
      return log.snapshot(...args);
    },
  });

  it('every answer is true, nothing is written twice or in part, and no gap is left', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(aStep, { minLength: 5, maxLength: 60 }),
        fc.array(aFault, { maxLength: 40 }),
        async (steps, wrong) => {
          faults = [...wrong];
          const head = await (logs[0] as EventLog).head(ctx);
          const processes = logs.map((log) =>
            createGroupCommit(faulty(log), silentLogger, () => undefined, { outageMs: 30 }),
          );
          const world = { aggregates: Array.from({ length: AGGREGATES }, () => randomUUID()) };
          const sent = await act(processes, steps, world.aggregates);
          // Who was told nothing asks again, and now there are no faults.
          faults = [];
          await Promise.all(sent.map((one) => askAgain(processes[0] as GroupCommit, one)));
          await check(logs[0] as EventLog, head, sent);
        },
      ),
      { numRuns: Number(process.env.WRITERS ?? 40) },
    );
  });
});

/** Sends all appends, as each writer saw its aggregate when it began. */
async function act(
  processes: readonly GroupCommit[],
  steps: readonly Step[],
  aggregates: readonly string[],
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const known = aggregates.map(() => 0n);
  await Promise.all(
    steps.map(async ({ process, aggregate, events, behind, again, lane }, index) => {
      // A few turns apart, so that some find others under way and some find them done.
      for (let turn = 0; turn < index % 7; turn++) await new Promise(setImmediate);
      const version = known[aggregate] ?? 0n;
      let one = again === null ? undefined : sent[again % Math.max(1, sent.length)];
      if (one === undefined) {
        const aggregateId = aggregates[aggregate] as string;
        const expected = behind === null ? undefined : version - BigInt(behind);
        one = {
          events: Array.from({ length: events }, () => anEvent({ aggregateId })),
          expected: expected !== undefined && expected < 0n ? 0n : expected,
          outcomes: [],
        };
        sent.push(one);
      }
      const outcome = await outcomeOf(processes[process] as GroupCommit, one, lane);
      one.outcomes.push(outcome);
      if (!(outcome instanceof CodedError) && outcome.version > version) {
        known[aggregate] = outcome.version;
      }
    }),
  );
  return sent;
}

async function outcomeOf(
  commits: GroupCommit,
  { events, expected }: Sent,
  lane: 'answers' | 'new work' = 'new work',
): Promise<Appended | CodedError> {
  try {
    return await commits.append(ctx, { events, expectedVersion: expected }, lane);
  } catch (error) {
    return codedError(error);
  }
}

const isUnknown = (outcome: Appended | CodedError): boolean =>
  outcome instanceof CodedError && ['unavailable', 'timeout'].includes(outcome.kind);

async function askAgain(commits: GroupCommit, one: Sent): Promise<void> {
  if (one.outcomes.some((outcome) => !isUnknown(outcome))) return;
  const outcome = await outcomeOf(commits, one);
  assert.ok(!isUnknown(outcome), 'without faults everybody is told');
  one.outcomes.push(outcome);
}

async function check(log: EventLog, after: bigint, sent: readonly Sent[]): Promise<void> {
  const { events } = await log.read(ctx, { afterPosition: after }, 1_000);
  const head = await log.head(ctx);
  assert.deepEqual(
    events.map(({ position }) => position),
    Array.from({ length: Number(head - after) }, (_, index) => after + BigInt(index) + 1n),
    'positions have no gap, and the head is the last one',
  );
  const versions = new Map<string, bigint>();
  for (const { aggregateId, version } of events) {
    assert.equal(version, (versions.get(aggregateId) ?? 0n) + 1n, 'versions have no gap');
    versions.set(aggregateId, version);
  }
  const written = new Map(events.map((event) => [event.eventId, event]));
  assert.equal(written.size, events.length, 'no id is there twice');
  for (const one of sent) checkOne(one, written);
  const asked = sent.flatMap(({ events: own }) => own.map(({ eventId }) => eventId));
  assert.ok(
    events.every(({ eventId }) => asked.includes(eventId)),
    'nothing is there that nobody sent',
  );
}

function checkOne(
  { events, expected, outcomes }: Sent,
  written: ReadonlyMap<string, RecordedEvent>,
): void {
  const stored = events.map(({ eventId }) => written.get(eventId)).filter((event) => event);
  const told = outcomes.filter((outcome) => !(outcome instanceof CodedError)) as Appended[];
  const kinds = outcomes.flatMap((outcome) => (outcome instanceof CodedError ? outcome.kind : []));
  assert.ok(
    kinds.every((kind) => ['conflict', 'unavailable', 'timeout'].includes(kind)),
    `nobody is told ${kinds}`,
  );
  if (stored.length === 0) {
    assert.deepEqual(told, [], 'who was told that it is written finds it');
    return;
  }
  assert.equal(stored.length, events.length, 'all or none');
  const [first] = stored as RecordedEvent[];
  const last = stored.at(-1) as RecordedEvent;
  assert.equal(last.position - (first as RecordedEvent).position + 1n, BigInt(events.length));
  if (expected !== undefined)
    assert.equal(first?.version, expected + 1n, 'the version it expected');
  // Who was refused for a version may have been sent again by somebody who was not.
  for (const { version, position } of told) {
    assert.deepEqual(
      [version, position],
      [last.version, last.position],
      'the same answer each time',
    );
  }
  assert.ok(told.length > 0, 'somebody was told that it is written');
}

const lost = () =>
  new CodedError('unavailable', 'database_unavailable', 'The connection was lost.');
