import assert from 'node:assert/strict';
import type { AuditReport } from './audit/report.ts';
import { plain } from './paint.ts';
import { auditDocument, renderAudit } from './render-audit.ts';

const right: AuditReport = {
  log: { head: 1_500n, events: 1_500, unreadable: 0 },
  orders: { accepted: 501, ended: 499, open: 2, stuck: 0, amount: 1_237_470n },
  stream: { published: 1_498n, behind: 2n },
  readModel: { checkpoint: 1_490n, behind: 10n, compared: 501, notCompared: 0, failures: 0 },
  ledger: {
    lines: 500,
    debited: 1_235_000n,
    voided: 2_470n,
    kept: 1_232_530n,
    approved: 1_232_525n,
    underWay: 5n,
    notCompared: 0,
  },
  deadlines: { set: 2, notCompared: 0 },
  checkpoints: { compared: 4 },
  deadLetters: { parked: 0 },
  discrepancyCount: 0,
  discrepancies: [],
  waitingCount: 0,
  waiting: [],
  unread: [],
  repairs: { listed: [], dropped: 0, withheld: undefined },
};

describe('an audit as text', () => {
  it('says line by line how each book stands, money with its decimals', () => {
    assert.equal(
      renderAudit(right, 2, plain),
      `right  log           1500 events up to position 1500, positions and versions without a gap
right  orders        501 accepted for 12374.70, 499 ended, 2 open, 0 stuck
right  stream        at 1498, 2 behind the log
right  read model    at 1490, 10 behind the log, 501 orders compared
right  ledger        500 lines, 12350.00 debited, 24.70 refunded, 12325.30 kept: 12325.25 for approved orders, 0.05 in progress
right  deadlines     2 set
right  checkpoints   4 consumers
right  dead letters  0 parked
all right`,
    );
  });

  it('names what differs under the book it was found in, and what is not listed', () => {
    const wrong: AuditReport = {
      ...right,
      discrepancyCount: 3,
      discrepancies: [
        {
          book: 'ledger',
          fault: 'wrong',
          message: 'order \u001b[2J has no line',
          repairable: false,
        },
      ],
    };
    const lines = renderAudit(wrong, 2, plain).split('\n');
    assert.match(lines[4] ?? '', /^wrong {2}ledger/);
    assert.deepEqual(lines.slice(8), [
      'ledger: order \\u{1B}[2J has no line',
      '2 more that are not listed',
      "→ nothing can repair the ledger: compare it with the gateway's statement",
      '3 things differ',
    ]);
  });

  it('money under way may be less than nothing, and a currency may have no decimals', () => {
    const ledger = { ...right.ledger, underWay: -5n };
    assert.match(renderAudit({ ...right, ledger }, 2, plain), /-0\.05 in progress/);
    assert.match(renderAudit({ ...right, ledger }, 0, plain), /-5 in progress/);
  });

  it('as a document positions are numbers, and money is a number of major units', () => {
    const { ok, log, ledger } = auditDocument(right, 2) as {
      ok: boolean;
      log: object;
      ledger: object;
    };
    assert.equal(ok, true);
    assert.deepEqual(log, { head: 1_500, events: 1_500, unreadable: 0 });
    assert.deepEqual(ledger, {
      lines: 500,
      debited: 12_350,
      voided: 24.7,
      kept: 12_325.3,
      approved: 12_325.25,
      under_way: 0.05,
      not_compared: 0,
    });
  });
});
