import assert from 'node:assert/strict';
import { z } from 'zod';
import { ConfigError, loadConfig, serviceConfig, serviceSettings, setting } from './config.ts';

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
      ALLOW_INSECURE: false,
      LOG_LEVEL: 'info',
      SHUTDOWN_TIMEOUT_MS: 10_000,
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_TRACES_SAMPLER: 'parentbased_always_on',
      OTEL_TRACES_SAMPLER_ARG: 1,
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://127.0.0.1:9411/api/v2/spans',
    });
  });

  it("is handed to services under the services' own names", () => {
    const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_TRACES_SAMPLER_ARG: '0.5' };
    assert.deepEqual(serviceConfig(loadConfig(service, env)), {
      serviceName: 'parcelsvc',
      bindAddress: '127.0.0.1',
      adminPort: 9101,
      logLevel: 'info',
      shutdownTimeoutMs: 10_000,
      tracing: {
        exporter: 'none',
        endpoint: 'http://127.0.0.1:9411/api/v2/spans',
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

  describe('an address that other machines can reach', () => {
    for (const address of ['0.0.0.0', '::', '192.168.1.7']) {
      it(`${address} is refused without ALLOW_INSECURE, beside all other problems`, () => {
        const message = complaint(service, { BIND_ADDRESS: address, ADMIN_PORT: 'x' });
        assert.match(message, /BIND_ADDRESS/);
        assert.match(message, /ALLOW_INSECURE=true/);
        assert.match(message, /ADMIN_PORT/);
      });
    }

    it('is taken with ALLOW_INSECURE=true', () => {
      const config = loadConfig(service, { BIND_ADDRESS: '0.0.0.0', ALLOW_INSECURE: 'true' });
      assert.equal(config.BIND_ADDRESS, '0.0.0.0');
    });

    for (const address of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
      it(`${address} is not one`, () => {
        assert.equal(loadConfig(service, { BIND_ADDRESS: address }).BIND_ADDRESS, address);
      });
    }

    it('a name that could mean anything is refused', () => {
      assert.match(complaint(service, { BIND_ADDRESS: 'example.org' }), /localhost/);
    });
  });
});
