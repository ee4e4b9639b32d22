import assert from 'node:assert/strict';
import { eventually } from '../../shared/testing/eventually.ts';
import { freePort } from '../../stack/ports.ts';
import { type TestNats, testNats, testPostgres } from '../../stack/testing.ts';
import { type AuditAddresses, withSources } from './connect.ts';

describe('withSources', () => {
  let nats: TestNats;
  let addresses: AuditAddresses;

  before(async () => {
    nats = await testNats();
    const url = await (await testPostgres()).createDatabase();
    addresses = {
      eventStore: `127.0.0.1:${await freePort()}`,
      natsUrl: nats.url,
      ordersDatabaseUrl: url,
      paymentsDatabaseUrl: url,
      sagaDatabaseUrl: url,
    };
  });
  after(() => nats?.stop());

  const connections = async (): Promise<number> => {
    const response = await fetch(`${nats.monitorUrl}/connz`);
    return ((await response.json()) as { num_connections: number }).num_connections;
  };
  const allClosed = () =>
    eventually('no connection is left', async () => (await connections()) === 0);

  it('resolves with the result of the work, and closes', async () => {
    assert.equal(await withSources(addresses, connections), 1);
    await allClosed();
  });

  it('closes what was opened when the next cannot be', async () => {
    const paymentsDatabaseUrl = 'postgres://127.0.0.1:99999/none';
    await assert.rejects(withSources({ ...addresses, paymentsDatabaseUrl }, connections));
    await allClosed();
  });

  it('one that does not close keeps neither the others open nor the result back', async () => {
    const stop = () => Promise.reject(new Error('it does not close'));
    const result = await withSources(addresses, async ({ log }) => {
      Object.assign(log, { stop });
      return 'compared';
    });
    assert.equal(result, 'compared');
    await allClosed();
  });

  it('passes on why the work failed', async () => {
    const work = () => Promise.reject(new Error('a book is gone'));
    await assert.rejects(withSources(addresses, work), /a book is gone/);
    await allClosed();
  });
});
