/** The files of monitoring/ as Prometheus itself reads them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { prometheusTools } from '../testing/prometheus.ts';

const folder = resolve(import.meta.dirname, '../../monitoring');

describe('the files of monitoring/', function () {
  this.timeout(600_000);
  let promtool: string;

  before(async function () {
    const tools = await prometheusTools();
    if (typeof tools === 'string') {
      console.log(`      not tried: ${tools}`);
      return this.skip();
    }
    promtool = tools.promtool;
  });

  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  };

  it('are rules and a configuration', () => run('check', 'config', 'prometheus.yml'));

  it('each alert fires after its time, says what is wrong, and goes away', () =>
    run('test', 'rules', 'alerts.test.yml'));
});
