import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { background, withTelemetry } from './context.ts';
import { logFields, silentLogger } from './logger.ts';

const here = import.meta.dirname;

/** What a process prints that makes a logger and runs `code` with it. */
function printed(code: string, options = "service: 'parcelsvc', level: 'info'"): string {
  const script = `import { createLogger } from './logger.ts'; const logger = createLogger({ ${options} }); ${code}`;
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: here,
    encoding: 'utf8',
    timeout: 10_000,
  });
  assert.equal(run.stderr, '');
  return run.stdout;
}

describe('the logger', () => {
  it('writes one JSON object a line where nobody sits at a terminal', () => {
    const line = JSON.parse(
      printed("logger.info({ parcel_id: 'p-1' }, 'accepted'); logger.debug('not');"),
    );
    assert.equal(line.level, 'info');
    assert.equal(line.service, 'parcelsvc');
    assert.equal(line.parcel_id, 'p-1');
    assert.equal(line.msg, 'accepted');
    assert.ok(Date.parse(line.time) > 0);
  });

  it('loses no line when the process exits at once', () => {
    const lines = printed('for (let i = 0; i < 2000; i++) logger.info({ i }); process.exit(0);');
    assert.equal(lines.trimEnd().split('\n').length, 2000);
  });

  it('keeps secrets out', () => {
    const lines = printed("logger.info({ password: 'hush', headers: { authorization: 'hush' } });");
    assert.doesNotMatch(lines, /hush/);
  });

  it('has the chain of an error once, each message whole, and the stack', () => {
    const code =
      "const lost = new Error('a: b: a'); logger.warn({ err: new Error('a: b: a', { cause: lost }) }, 'away');";
    const { err } = JSON.parse(printed(code));
    assert.deepEqual([err.type, err.message], ['Error', 'a: b: a']);
    assert.match(err.stack, /caused by: Error: a: b: a\n/);
    assert.equal(JSON.parse(printed("logger.warn({ err: 'a text' });")).err, 'a text');
  });

  it('writes for people when told to', () => {
    const text = printed(
      "logger.warn('careful');",
      "service: 'parcelsvc', level: 'info', pretty: true",
    );
    assert.match(text, /WARN.*parcelsvc: careful/);
  });

  it('says nothing when it is the silent one', () => {
    assert.equal(silentLogger.isLevelEnabled('fatal'), false);
  });
});

describe('log fields', () => {
  it('name the trace, the span and the correlation', () => {
    const span = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.SAMPLED,
    };
    const ctx = withTelemetry(background('c-1'), trace.setSpanContext(ROOT_CONTEXT, span));
    assert.deepEqual(logFields(ctx), {
      trace_id: span.traceId,
      span_id: span.spanId,
      correlation_id: 'c-1',
    });
  });

  it('name no trace where there is none', () => {
    assert.deepEqual(logFields(background('c-1')), { correlation_id: 'c-1' });
  });
});
