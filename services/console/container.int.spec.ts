import assert from 'node:assert/strict';
import { freePorts } from '../../stack/ports.ts';
import { readConfig } from './config.ts';
import { type App, createContainer } from './container.ts';

const PER_SECOND = 3;

describe('the console with nothing behind it', () => {
  let app: App;
  before(async () => {
    // Ports that were free a moment ago: nobody answers there.
    const [store, orders, zipkin] = await freePorts(3);
    app = createContainer(
      readConfig({
        CONSOLE_PORT: '0',
        ADMIN_PORT: '0',
        EVENTSTORE_ADDRESS: `127.0.0.1:${store}`,
        ORDERS_URL: `http://127.0.0.1:${orders}`,
        ADMIN_URLS: 'none',
        OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${zipkin}/api/v2/spans`,
        RATE_LIMIT_PER_SECOND: String(PER_SECOND),
        LOG_LEVEL: 'silent',
      }),
    );
    await app.lifecycle.start();
  });
  after(() => app?.lifecycle.stop());

  it('limits what one caller asks for in a second, and says when to come back', async () => {
    const ask = () => fetch(`http://127.0.0.1:${app.ports().http}/api/session`);
    const answers = await Promise.all(Array.from({ length: 10 * PER_SECOND }, ask));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(answers.some(({ status }) => status === 200));
    assert.ok(refused.length > 0, 'one second lets few through');
    assert.ok(refused.every(({ headers }) => Number(headers.get('retry-after')) >= 1));
  });
});
