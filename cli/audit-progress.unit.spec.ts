import assert from 'node:assert/strict';
import { auditProgress, progressLine } from './audit-progress.ts';

describe('the progress of an audit', () => {
  function rig(isTTY: boolean) {
    const written: string[] = [];
    let time = 0;
    const output = { isTTY, write: (text: string) => written.push(text) };
    const progress = auditProgress(output, () => time);
    return { written, ...progress, pass: (ms: number) => (time += ms) };
  }

  it('on a terminal is one line that is written over, and is gone at the end', () => {
    const { told, end, pass, written } = rig(true);
    told('log', 1_000, 4_000);
    pass(100);
    told('log', 2_000, 4_000);
    pass(50);
    told('log', 3_000, 4_000);
    end();
    const line = `log  [${'='.repeat(15)}${' '.repeat(15)}] 2,000 of 4,000 events`;
    assert.deepEqual(written, [`\r\x1b[K${line}`, '\r\x1b[K']);
  });

  it('elsewhere is a plain line every ten seconds, and nothing for a short audit', () => {
    const { told, end, pass, written } = rig(false);
    pass(9_999);
    told('ledger', 1_000);
    assert.deepEqual(written, []);
    pass(1);
    told('ledger', 2_000);
    told('ledger', 3_000);
    end();
    assert.deepEqual(written, ['ledger  2,000 rows\n']);
  });

  it('more than there was when it began does not lengthen the bar', () => {
    assert.equal(progressLine('log', 9, 3), `log  [${'='.repeat(30)}] 9 of 3 events`);
  });
});
