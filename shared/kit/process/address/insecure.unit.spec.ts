import assert from 'node:assert/strict';
import { mock } from 'node:test';
import pino from 'pino';
import { createMetrics } from '../../metrics/metrics.ts';
import { insecureReminder } from './insecure.ts';
import type { Mode } from './mode.ts';

async function remindedIn(minutes: number, mode: Mode, allowInsecure: boolean) {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => lines.push(line) });
  const metrics = createMetrics('parcelsvc');
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    const exposure = { mode, allowInsecure, bindAddress: '0.0.0.0' };
    const reminder = insecureReminder(exposure, logger, metrics.meter);
    await reminder.start?.();
    for (let minute = 0; minute < minutes; minute += 1) mock.timers.tick(60_000);
    await reminder.stop?.();
    mock.timers.tick(60_000);
  } finally {
    mock.timers.reset();
    await metrics.close();
  }
  return lines;
}

describe('a service that ALLOW_INSECURE opens to other machines', () => {
  it('says so at the start and each minute, until it stops', async () => {
    const lines = await remindedIn(3, 'strict', true);
    assert.equal(lines.length, 4);
    assert.ok(lines.every((line) => line.includes('ALLOW_INSECURE is true')));
  });

  it('is none on loopback, nor with credentials', async () => {
    assert.deepEqual(await remindedIn(2, 'local', true), []);
    assert.deepEqual(await remindedIn(2, 'strict', false), []);
  });
});
