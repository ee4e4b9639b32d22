import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { refusedWrites } from './refused-writes.ts';
import { testFolder } from './testing.ts';
import { until } from './until.ts';

const SAID = '[7] [ERR] Filestore [ORDERS] Critical write error: no space left on device';

describe('refusedWrites', () => {
  let ended: AbortController;
  let told: string[];
  let folder: string;
  let read: (line: string) => void;

  beforeEach(async () => {
    ended = new AbortController();
    told = [];
    folder = join(await testFolder(), 'nats');
    read = refusedWrites({
      folder,
      onRefused: () => told.push('refused'),
      restart: () => told.push('restart'),
      signal: ended.signal,
      everyMs: 5,
    });
  });
  afterEach(() => ended.abort());

  const looks = () => new Promise((resolve) => setTimeout(resolve, 60));

  it('restarts a server once, as soon as its folder takes writes again', async () => {
    read(SAID);
    read("[7] [ERR] JetStream stream '$G > ORDERS' critical write error: no space left on device");
    await looks();
    assert.deepEqual(told, ['refused']);
    await mkdir(folder);
    await until(() => told.length > 1, { what: 'the restart', deadlineMs: 5_000 });
    await looks();
    assert.deepEqual(told, ['refused', 'restart']);
    assert.deepEqual(await readdir(folder), []);
  });

  it('lets a server alone that says other things, or has ended', async () => {
    await mkdir(folder);
    read('[7] [ERR] JetStream file resource limits exceeded for server');
    await looks();
    assert.deepEqual(told, []);
    read(SAID);
    ended.abort();
    await looks();
    assert.deepEqual(told, ['refused']);
  });
});
