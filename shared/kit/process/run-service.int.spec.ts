import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** A process of its own whose main is `runService` with this for a factory. */
function run(create: string) {
  const program = `
    import { ConfigError } from './config.ts';
    import { createLifecycle } from './lifecycle.ts';
    import { createLogger } from '../logger.ts';
    import { runService } from './run-service.ts';
    const logger = createLogger({ service: 'fixture', level: 'info', pretty: false });
    const start = async () => {
      // Without a handle of its own the process would end for want of work.
      setInterval(() => {}, 60_000);
      process.kill(process.pid);
    };
    const components = [{ name: 'one', start }];
    await runService(${create});
  `;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 20_000,
  });
}

describe('runService', () => {
  it('prints what is wrong with the configuration as it is, and exits with 1', () => {
    const { status, stdout, stderr } = run("() => { throw new ConfigError('PORT is wrong'); }");
    assert.equal(status, 1);
    assert.equal(stderr, 'PORT is wrong\n');
    assert.equal(stdout, '');
  });

  it('keeps the stack of any other error', () => {
    const { status, stderr } = run("() => { throw new TypeError('a bug'); }");
    assert.equal(status, 1);
    assert.match(stderr, /TypeError: a bug\n\s+at /);
  });

  it('starts the service and runs it until it is told to stop', () => {
    const { status, stdout } = run(
      '() => ({ logger, lifecycle: createLifecycle({ components, logger, stopTimeoutMs: 1_000 }) })',
    );
    assert.equal(status, 0);
    assert.match(stdout, /"ready"/);
    assert.match(stdout, /"stopping"/);
  });
});
