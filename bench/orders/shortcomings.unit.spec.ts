import assert from 'node:assert/strict';
import type { AuditReport } from '../../cli/audit/report.ts';
import { shortcomings } from './shortcomings.ts';

const report: AuditReport = {
  log: { head: 12n, events: 12, unreadable: 0 },
  orders: { accepted: 4, ended: 4, open: 0, stuck: 0, amount: 4n },
  stream: { published: 10n, behind: 2n },
  readModel: { checkpoint: 10n, behind: 2n, compared: 4, notCompared: 0, failures: 0 },
  ledger: {
    lines: 4,
    debited: 4n,
    voided: 0n,
    kept: 4n,
    approved: 4n,
    underWay: 0n,
    notCompared: 0,
  },
  deadlines: { set: 0, notCompared: 0 },
  checkpoints: { compared: 4 },
  deadLetters: { parked: 0 },
  discrepancyCount: 0,
  discrepancies: [],
  waitingCount: 0,
  waiting: [],
  unread: [],
  repairs: { listed: [], dropped: 0, withheld: undefined },
};
const result = { accepted: 4, notEnded: 0 };
const { stream, readModel, ledger } = report;

describe('the shortcomings of a run', () => {
  it('are none where the copies have what the run left, whatever others have added since', () => {
    assert.deepEqual(shortcomings(result, { report, head: 10n, decimals: 2 }), []);
  });

  const wrong: Record<string, [change: Partial<AuditReport>, said: RegExp]> = {
    'a stream that did not come to the end of the run': [
      { stream: { ...stream, published: 9n } },
      /^the stream is at position 9, not yet at 10$/,
    ],
    'a read model that did not': [
      { readModel: { ...readModel, checkpoint: 0n } },
      /^the read model is at position 0, not yet at 10$/,
    ],
    'orders that were not compared': [
      { readModel: { ...readModel, notCompared: 3 } },
      /^3 orders of the read model not compared$/,
    ],
    'lines that were not compared': [
      { ledger: { ...ledger, notCompared: 2 } },
      /^2 lines of the ledger not compared$/,
    ],
    'books that do not agree': [{ discrepancyCount: 1 }, /^the books do not agree$/],
  };
  for (const [what, [change, said]] of Object.entries(wrong)) {
    it(`are ${what}`, () => {
      const [line = '', ...others] = shortcomings(result, {
        report: { ...report, ...change },
        head: 10n,
        decimals: 2,
      });
      assert.match(line, said);
      assert.deepEqual(others, []);
    });
  }

  it('are orders that were not accepted, or did not end', () => {
    const books = { report, head: 10n, decimals: 2 };
    assert.deepEqual(shortcomings({ accepted: 0, notEnded: 0 }, books), ['no order was accepted']);
    const lost = { accepted: 4, notEnded: 1 };
    assert.deepEqual(shortcomings(lost, books), ['accepted and never ended: 1']);
  });
});
