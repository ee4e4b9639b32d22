import assert from 'node:assert/strict';
import { plain } from '../../cli/paint.ts';
import { renderRestore, restoreDocument } from './render.ts';
import type { RestoreReport } from './report.ts';

const report: RestoreReport = {
  at: '2026-01-02T03:04:05.000Z',
  cpus: 2,
  durability: 'PostgreSQL',
  placed: 3_000,
  copies: 104,
  events: 1_000_064,
  lines: 312_000,
  bytes: 117_400_000,
  steps: [
    { name: 'multiply the backup', seconds: 20, load: 1 },
    { name: 'restore', seconds: 64, events: 1_000_064, peakMb: 462, load: 1.25 },
  ],
  caughtUp: { stream: 60, 'read model': 130.4, coordinator: undefined },
  auditRight: undefined,
  rebuildPerSecond: 29_600,
  others: 0.065,
  shortcomings: ['the coordinator never had the whole log'],
};

describe('the figures of a restore', () => {
  it('are a table, with how busy the machine was, and what was not right', () => {
    const text = renderRestore(report, plain);
    assert.match(text, /1,000,064 events and 312,000 ledger lines, 104 copies of 3,000 orders/);
    assert.match(text, /others used 6\.5%/);
    assert.match(text, /^restore +64\.0 +15,626 +462 +1\.3$/m);
    assert.match(text, /^read model filled +130 s$/m);
    assert.match(text, /^audit right +never$/m);
    assert.match(text, /at least 25,000\/s +29,600\/s +yes$/m);
    assert.match(text, /the coordinator never had the whole log$/);
  });

  it('of fewer events than a million are held to no target', () => {
    assert.doesNotMatch(renderRestore({ ...report, events: 300_000 }, plain), /target/);
    const slow = renderRestore({ ...report, rebuildPerSecond: 24_000 }, plain);
    assert.match(slow, /24,000\/s +no$/m);
  });

  it('are a document, too, with null for what never was', () => {
    const told = restoreDocument(report) as Record<string, unknown>;
    assert.deepEqual(
      [told.read_model_filled_s, told.coordinator_followed_s, told.audit_right_s],
      [130.4, null, null],
    );
    assert.deepEqual(told.shortcomings, report.shortcomings);
  });
});
