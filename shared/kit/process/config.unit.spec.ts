import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  ConfigError,
  loadConfig,
  requiredInStrict,
  serviceConfig,
  serviceSettings,
  setting,
} from './config.ts';

/** The message of the ConfigError that `env` leads to. */
function complaint(schema: z.ZodType, env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(schema, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('the configuration was taken');
}

describe('configuration', () => {
  const service = z.object(serviceSettings({ serviceName: 'parcelsvc', adminPort: 9101 }));

  it('has a default for whatever every service has', () => {
    assert.deepEqual(loadConfig(service, {}), {
      OTEL_SERVICE_NAME: 'parcelsvc',
      ADMIN_PORT: 9101,
      BIND_ADDRESS: '127.0.0.1',
      ADMIN_ADDRESS: '127.0.0.1',
      ALLOW_INSECURE: false,
      LOG_LEVEL: 'info',
      SHUTDOWN_TIMEOUT_MS: 10_000,
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_TRACES_SAMPLER: 'parentbased_always_on',
      OTEL_TRACES_SAMPLER_ARG: 1,
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://127.0.0.1:9411/api/v2/spans',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_TIMEOUT: 10_000,
    });
  });

  it("is handed to services under the services' own names", () => {
    const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_TRACES_SAMPLER_ARG: '0.5' };
    assert.deepEqual(serviceConfig(loadConfig(service, env)), {
      serviceName: 'parcelsvc',
      bindAddress: '127.0.0.1',
      mode: 'local',
      allowInsecure: false,
      adminAddress: '127.0.0.1',
      tls: undefined,
      adminPort: 9101,
      logLevel: 'info',
      shutdownTimeoutMs: 10_000,
      tracing: {
        exporter: 'none',
        endpoint: 'http://127.0.0.1:9411/api/v2/spans',
        headers: undefined,
        otlp: {
          endpoint: undefined,
          protocol: 'http/protobuf',
          headers: undefined,
          timeoutMs: 10_000,
        },
        sampler: 'parentbased_always_on',
        samplerArg: 0.5,
      },
    });
  });

  it('reads each kind of setting from text', () => {
    const schema = z.object({
      PORT: setting.port(1),
      COUNT: setting.integer(1, { min: -5, max: 5 }),
      SHARE: setting.number(1),
      WAIT: setting.milliseconds(1),
      NAME: setting.text('x'),
      URL: setting.url('http://x', ['http', 'https']),
      DATABASE: setting.databaseUrl('postgres://x/db'),
      NATS: setting.natsUrl('nats://x'),
      CURRENCY: setting.currency('USD'),
      LIST: setting.list(),
      FLAG: setting.flag(false),
      CHOICE: setting.choice('a', ['a', 'b']),
    });
    assert.equal(loadConfig(schema, {}).CURRENCY.code, 'USD');
    const config = loadConfig(schema, {
      PORT: '3000',
      COUNT: '-5',
      SHARE: '0.25',
      WAIT: '250',
      NAME: ' name ',
      URL: 'https://host/path',
      DATABASE: 'postgresql://root@host/db',
      NATS: 'nats://a:4222, tls://user:secret@b',
      CURRENCY: 'JPY',
      LIST: 'a, b,,c ',
      FLAG: 'TRUE',
      CHOICE: 'b',
      OTHER: 'not ours',
    });
    assert.deepEqual(config, {
      PORT: 3000,
      COUNT: -5,
      SHARE: 0.25,
      WAIT: 250,
      NAME: 'name',
      URL: 'https://host/path',
      DATABASE: 'postgresql://root@host/db',
      NATS: 'nats://a:4222, tls://user:secret@b',
      CURRENCY: { code: 'JPY', decimals: 0 },
      LIST: ['a', 'b', 'c'],
      FLAG: true,
      CHOICE: 'b',
    });
  });

  it('reports every problem at once: name, value and what is wanted', () => {
    const schema = z.object({
      HTTP_PORT: setting.port(3000),
      GRPC_PORT: setting.port(50051),
      NATS_URL: setting.url(undefined, ['nats']),
      POOL: setting.integer(10, { min: 1, max: 100 }),
      FLAG: setting.flag(false),
      FINE: setting.text('x'),
    });
    const message = complaint(schema, {
      HTTP_PORT: '70000',
      GRPC_PORT: '1e3',
      POOL: '0',
      FLAG: 'maybe',
    });
    assert.deepEqual(message.split('\n').slice(1), [
      '  HTTP_PORT is "70000": must be a port number from 0 to 65535',
      '  GRPC_PORT is "1e3": must be a port number from 0 to 65535',
      '  NATS_URL is not set: must be a URL that begins with nats://',
      '  POOL is "0": must be a whole number from 1 to 100',
      '  FLAG is "maybe": must be true or false',
    ]);
  });

  it('refuses what NATS could not be reached by, though it stands beside what is right', () => {
    const schema = z.object({ NATS_URL: setting.natsUrl('nats://127.0.0.1:4222') });
    for (const NATS_URL of ['http://a', 'a:4222', 'nats:a', 'nats://a,', 'nats://a,http://b']) {
      assert.match(complaint(schema, { NATS_URL }), /must be nats:\/\/ or tls:\/\//);
    }
  });

  it('takes a database of several hosts, and refuses one without a name or that takes no writes', () => {
    const schema = z.object({ SAGA_DATABASE_URL: setting.databaseUrl() });
    const url = 'postgres://ada@one:1,two:2/db?target_session_attrs=read-write';
    assert.deepEqual(loadConfig(schema, { SAGA_DATABASE_URL: url }), { SAGA_DATABASE_URL: url });
    for (const [right, wrong] of [
      ['one:1,two:2', 'one:1,,two:2'],
      ['two:2', 'two:port'],
      ['read-write', 'standby'],
      ['postgres:', 'mysql:'],
    ] as const) {
      const SAGA_DATABASE_URL = url.replace(right, wrong);
      assert.match(complaint(schema, { SAGA_DATABASE_URL }), /must be a URL that begins with/);
    }
  });

  it('takes a variable that is set to nothing for unset', () => {
    assert.equal(loadConfig(service, { ADMIN_PORT: ' ', LOG_LEVEL: '' }).ADMIN_PORT, 9101);
  });

  it('never prints a password', () => {
    const schema = z.object({
      DATABASE_URL: setting.url(undefined, ['postgres']),
      OTHER_URL: setting.url(undefined, ['postgres']),
      API_TOKEN: setting.integer(1),
    });
    const message = complaint(schema, {
      DATABASE_URL: 'mysql://user:p@ss:wo@rd@host/db',
      OTHER_URL: 'host/db?user=a&password=hush&x=1',
      API_TOKEN: 'tell-nobody',
    });
    assert.doesNotMatch(message, /p@ss|wo@rd|hush|tell-nobody/);
    assert.match(message, /mysql:\/\/\*\*\*@host\/db/);
  });

  describe('a setting in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    const file = join(folder, 'value');
    after(() => rmSync(folder, { recursive: true }));
    const schema = z.object({
      KEY: setting.secret(),
      DATABASE_URL: setting.databaseUrl('postgres://x/db'),
    });

    it('is read as if it were in the environment; a secret stays a secret', () => {
      writeFileSync(file, 'postgres://user:hush@host/db\n');
      const read = loadConfig(schema, { KEY_FILE: file, DATABASE_URL_FILE: file });
      assert.equal(read.DATABASE_URL, 'postgres://user:hush@host/db');
      assert.equal(read.KEY?.reveal(), 'postgres://user:hush@host/db');
      assert.equal(`${read.KEY}`, '***');
      assert.equal(loadConfig(schema, { KEY: ' hush ' }).KEY?.reveal(), 'hush');
      assert.equal(loadConfig(schema, {}).KEY, undefined);
    });

    it('that cannot be read, or is given twice, is a problem that shows no value', () => {
      const message = complaint(schema, {
        KEY_FILE: join(folder, 'missing'),
        DATABASE_URL: 'postgres://user:hush@host/db',
        DATABASE_URL_FILE: file,
      });
      assert.match(message, /KEY_FILE is ".*missing": it cannot be read/);
      assert.match(message, /DATABASE_URL and DATABASE_URL_FILE are both set: unset one of them/);
      assert.doesNotMatch(message, /hush/);
    });

    it('whose content is wrong is told without its secrets', () => {
      writeFileSync(file, 'mysql://user:hush@host/db');
      const message = complaint(schema, { DATABASE_URL_FILE: file });
      assert.match(message, /DATABASE_URL is "mysql:\/\/\*\*\*@host\/db": must be/);
    });
  });

  describe('a value that is refused', () => {
    const schema = z.object({
      DATABASE: setting.databaseUrl(),
      NATS: setting.natsUrl(),
      SENDER: setting.integer(),
      STRIPE_KEY: setting.integer(),
      HEADERS: setting.secret('shorter', (text) => text.length < 3),
    });
    const leaks: readonly (readonly [string, string, RegExp])[] = [
      ['DATABASE', 'mysql://me:hush@db/x', /mysql:\/\/\*\*\*@db\/x/],
      ['DATABASE', 'mysql://me:hu sh@hush/hush@db/x', /mysql:\/\/\*\*\*@db\/x/],
      ['DATABASE', 'mysql://db/x?sslmode=require&sslpassword=hush', /sslmode=require&sslpass/],
      ['DATABASE', 'mysql://db/x?pwd=hush;passphrase=hush', /pwd=\*\*\*/],
      ['DATABASE', 'host=db password=hush', /password=\*\*\*/],
      ['NATS', 'hush@nats:4222', /"\*\*\*@nats:4222"/],
      ['NATS', 'http://hush@a:1,nats://me:hush@b:2', /\*\*\*@b:2/],
      ['SENDER', 'me:hush@mail', /\*\*\*@mail/],
      ['STRIPE_KEY', 'hush', /STRIPE_KEY is "\*\*\*"/],
      ['HEADERS', 'authorization=hush', /HEADERS is "\*\*\*": must be shorter/],
      ['HEADERS_FILE', 'hush', /HEADERS_FILE is "\*\*\*": it cannot be read \(ENOENT\)/],
    ];
    for (const [name, value, told] of leaks) {
      it(`is told without what may log in: ${name}=${value}`, () => {
        const message = complaint(schema, { [name]: value });
        assert.doesNotMatch(message, /hush|hu sh/);
        assert.match(message, told);
      });
    }
  });

  it('of a certificate is all of it, or none', () => {
    const some = { TLS_CERT_FILE: '/x.crt', TLS_KEY_FILE: '/x.key' };
    assert.match(complaint(service, some), /TLS_CA_FILE is not set/);
    const tls = serviceConfig(loadConfig(service, { ...some, TLS_CA_FILE: '/ca.crt' })).tls;
    assert.deepEqual(tls, { ca: '/ca.crt', cert: '/x.crt', key: '/x.key' });
  });

  describe('an address that other machines can reach', () => {
    for (const address of ['0.0.0.0', '::', '192.168.1.7', '0.0.0.0 ', '\t::']) {
      it(`"${address}" is refused without ALLOW_INSECURE, beside all other problems`, () => {
        const message = complaint(service, { BIND_ADDRESS: address, ADMIN_PORT: 'x' });
        assert.match(message, /BIND_ADDRESS/);
        assert.match(message, /ALLOW_INSECURE=true/);
        assert.match(message, /ADMIN_PORT/);
      });
    }

    describe('of a service that has credentials', () => {
      const guarded = z.object({
        ...serviceSettings({ serviceName: 'parcelsvc', adminPort: 9101 }),
        ISSUER: requiredInStrict(setting.text('nobody')),
        KEY: requiredInStrict(setting.secret()),
      });
      const tls = { TLS_CA_FILE: 'ca', TLS_CERT_FILE: 'cert', TLS_KEY_FILE: 'key' };
      const open = { BIND_ADDRESS: '0.0.0.0', ISSUER: 'https://issuer', ...tls };

      it('is refused without one of them, which is named', () => {
        const message = complaint(guarded, open);
        assert.match(message, /set KEY, or ALLOW_INSECURE=true/);
        assert.doesNotMatch(message, /ISSUER/);
      });

      it('is taken with all of them', () => {
        assert.equal(loadConfig(guarded, { ...open, KEY: 'x' }).BIND_ADDRESS, '0.0.0.0');
      });

      it('is taken without them with ALLOW_INSECURE, and so is loopback', () => {
        const insecure = { BIND_ADDRESS: '0.0.0.0', ALLOW_INSECURE: 'true' };
        for (const env of [insecure, { BIND_ADDRESS: '::1' }]) loadConfig(guarded, env);
      });
    });

    it('is taken with ALLOW_INSECURE=true', () => {
      const config = loadConfig(service, { BIND_ADDRESS: '0.0.0.0', ALLOW_INSECURE: 'true' });
      assert.equal(config.BIND_ADDRESS, '0.0.0.0');
    });

    for (const address of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
      it(`${address} is not one`, () => {
        assert.equal(loadConfig(service, { BIND_ADDRESS: address }).BIND_ADDRESS, address);
      });
    }

    it('is none that the port of operators takes, but with ALLOW_INSECURE', () => {
      const open = { ADMIN_ADDRESS: '0.0.0.0' };
      assert.match(complaint(service, open), /ADMIN_ADDRESS is "0\.0\.0\.0": .*ALLOW_INSECURE/);
      const insecure = { ...open, ALLOW_INSECURE: 'true' };
      assert.equal(loadConfig(service, insecure).ADMIN_ADDRESS, '0.0.0.0');
    });

    it('a name that could mean anything is refused', () => {
      assert.match(complaint(service, { BIND_ADDRESS: 'example.org' }), /localhost/);
    });
  });
});
