import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { type TestNats, testNats } from '../stack/testing.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

function orders(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('the command orders', () => {
  let nats: TestNats;
  before(async () => {
    nats = await testNats();
  });
  after(() => nats.stop());

  it('resets the stream only when told that it is meant', async () => {
    const connection = await connect({ servers: nats.url });
    try {
      const { streams } = await connection.jetstreamManager();
      await streams.add({ name: 'ORDERS', subjects: ['ORDERS.*'] });
      await connection.jetstream().publish('ORDERS.created', '{}');
      const refused = await orders('stream', 'reset', '--nats', nats.url);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /--yes/);
      assert.equal((await streams.info('ORDERS')).state.messages, 1);
      const unknown = await orders(
        ...['stream', 'reset', '--yes', '--nats', nats.url, '--eventstore', '127.0.0.1:1'],
      );
      assert.equal(unknown.code, 1);
      assert.match(unknown.stderr, /127.0.0.1:1 cannot say whether .* --force/);
      assert.equal((await streams.info('ORDERS')).state.messages, 1);
      const done = await orders(
        'stream',
        'reset',
        '--yes',
        '--force',
        '--json',
        '--nats',
        nats.url,
      );
      assert.equal(done.code, 0, done.stderr);
      assert.deepEqual(JSON.parse(done.stdout), { stream: 'ORDERS', removed_messages: 1 });
      assert.equal((await streams.info('ORDERS')).state.messages, 0);
    } finally {
      await connection.close();
    }
  });

  it('finds a server that answers among several addresses', async () => {
    const done = await orders(
      'stream',
      'reset',
      '--yes',
      '--force',
      '--nats',
      `nats://127.0.0.1:1, ${nats.url}`,
    );
    assert.equal(done.code, 0, done.stderr);
  });

  it('an address or a number that is none is wrong use, said in one line without the value', async () => {
    const reset = ['stream', 'reset', '--yes'];
    const address = await orders(...reset, '--nats', 'http://me:secret@localhost');
    assert.deepEqual(address, {
      code: 2,
      stdout: '',
      stderr:
        'ordersctl: --nats: must be nats:// or tls:// with a host, or several separated by commas\n',
    });
    const number = await orders(...reset, '--replicas', 'many');
    assert.deepEqual(number, {
      code: 2,
      stdout: '',
      stderr: 'ordersctl: --replicas: must be a whole number from 1 to 5\n',
    });
  });

  it('says in one line what is wrong, and fails', async () => {
    const failed = await orders(
      'stream',
      'reset',
      '--yes',
      '--force',
      '--nats',
      'nats://me:secret@127.0.0.1:1',
    );
    assert.deepEqual([failed.code, failed.stdout], [1, '']);
    assert.equal(
      failed.stderr,
      'ordersctl: No NATS server answers at 127.0.0.1:1 → run make start, or name another address with --nats\n',
    );
  });
});
