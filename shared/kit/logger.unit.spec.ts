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

  it('keeps secrets out at any depth, in any spelling, and as lists', () => {
    const fields = {
      options: { client: { secretKey: 'hush', 'Set-Cookie': ['a=hush', 'b=hush'] } },
      tls: { sslpassword: 'hu"sh', PRIVATE_KEY: 'hush', apiKeys: 1, accessToken: 5417 },
      parcel: { id: 'p-1' },
    };
    const line = printed(`logger.info(${JSON.stringify(fields)});`);
    assert.doesNotMatch(line, /hush|hu|5417/);
    assert.equal(JSON.parse(line).parcel.id, 'p-1');
  });

  it('keeps who logs in out of every address', () => {
    const code = `
      const away = Object.assign(new Error('postgres://me:hush@db/x is away'), { url: 'http://hush@z' });
      logger.warn({ err: away, servers: ['nats://hush@a:1', 'nats://b:2'] }, 'no tls://me:hush@n');`;
    const line = printed(code);
    assert.doesNotMatch(line, /hush/);
    assert.match(line, /postgres:\/\/\*\*\*@db\/x is away/);
    assert.match(line, /nats:\/\/b:2/);
    assert.match(printed(code, "service: 'p', level: 'info', pretty: true"), /WARN(?!.*hush)/s);
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
