/** Nothing is sent that CockroachDB is documented to refuse: all SQL of the suites, from a run. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { testFolder } from '../testing.ts';
import { type Sent, statementsSentBy } from './sent-statements.ts';
import { offences } from './subset.ts';
import { oneLine, type SqlPart, sqlParts } from './templates.ts';

const root = resolve(import.meta.dirname, '../..');

/** They send all SQL of the product but what `unsent` names. */
const SUITES = [
  'cli/audit/audit',
  'cli/backup/backup',
  'cli/backup/keys-backup',
  'services/bootstrapper/bootstrapper',
  'services/eventstoresvc/consumers/sql-checkpoints',
  'services/eventstoresvc/log/log-currency',
  'services/eventstoresvc/recovery/recovery',
  'services/eventstoresvc/service',
  'services/ordersvc/views/order-rows',
  'services/paymentworker/gateway/gathered-ledger',
  'services/paymentworker/gateway/simulated-gateway',
  'services/querymodelworker/rebuild/rebuild-read-model',
  'services/querymodelworker/rebuild/repair-read-model',
  'services/querymodelworker/service',
  'services/sagacoordinator/coordinator',
  'shared/personal-data/sql-key-table',
  'shared/process-manager/deadlines',
  'shared/process-manager/lease',
].map((suite) => `${suite}.int.spec.ts`);

/** Sources with SQL that no such suite sends; it is checked part by part. */
const unsent = [
  'examples/bookings/nights-view.ts',
  'services/bootstrapper/sql-roles.ts',
  'services/eventstoresvc/consumers/redact-letters.ts',
  'services/ordersvc/views/order-rows.ts',
  'services/paymentworker/gateway/ledger.ts',
  'services/querymodelworker/rebuild/repair-read-model.ts',
  'services/sagacoordinator/audit-result.ts',
  'services/sagacoordinator/waiting-deadlines.ts',
  'shared/kit/sql/migrations.ts',
];

/** By these the suites look at their databases themselves. */
const OF_A_TEST = /^explain |^select \* from leases$/;

describe('the SQL that is sent', function suite() {
  this.timeout(600_000);
  const parts = sqlParts();
  let sent: readonly Sent[];

  before(async function () {
    // The suites send it to a server of their own.
    if (process.env.TEST_DATABASE_URL) return this.skip();
    sent = (await statementsSentBy(SUITES, await testFolder())).filter(isOurs);
  });

  /** Of a pool of the product, or one of the few statements that are sent without one. */
  function isOurs({ by, text }: Sent): boolean {
    const direct = parts.filter(({ file }) => /sql-roles|migrations\.ts/.test(file));
    const pooled = by !== 'postgres.js' && !OF_A_TEST.test(text);
    return pooled || direct.some((part) => text.includes(part.text));
  }

  it('has each statement of the sources, but for those that no suite sends', () => {
    const wanting = parts.filter((part) => !sent.some(({ text }) => text.includes(part.text)));
    assert.deepEqual([...new Set(wanting.map(({ file }) => file))].toSorted(), unsent);
  });

  it('is what CockroachDB documents to take, each statement', () => {
    assert.ok(sent.length > 200, `${sent.length} statements`);
    assert.deepEqual(
      sent.flatMap(({ text }) => offences(text).map((offence) => `${offence}: ${text}`)),
      [],
    );
  });

  it('is what CockroachDB documents to take, in migrations', () => {
    const files = ['services', 'shared', 'examples'].flatMap((room) =>
      globSync(`${room}/**/migrations/*.sql`, { cwd: root }),
    );
    assert.ok(files.length > 40, `${files.length} files`);
    const found = files.flatMap((file) =>
      offences(readFileSync(join(root, file), 'utf8')).map((offence) => `${file}: ${offence}`),
    );
    assert.deepEqual(found, []);
  });

  it('is what CockroachDB documents to take, in parts that no suite sends', () => {
    const found = parts
      .filter(({ file }) => unsent.includes(file))
      // A part may end before the cast of a value, or begin with it.
      .flatMap(({ file, text }: SqlPart) =>
        offences(oneLine(text)).map((one) => `${file}: ${one}`),
      );
    assert.deepEqual(found, []);
  });
});
