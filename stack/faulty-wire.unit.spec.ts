/** A spoiled connection does to its two ends what a spoiled network does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { eventually } from '../shared/testing/eventually.ts';
import { type FaultyWire, faultyWire } from './faulty-wire.ts';

/** An end of a connection: what has come so far, and how it ended. */
function end(socket: Socket) {
  const seen = { text: '', bytes: 0, ended: false, error: '', closed: false };
  socket.on('data', (chunk: Buffer) => {
    seen.bytes += chunk.length;
    if (seen.bytes < 1_000) seen.text += chunk;
  });
  socket.on('end', () => Object.assign(seen, { ended: true }));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? error.message;
  });
  socket.on('close', () => Object.assign(seen, { closed: true }));
  return Object.assign(seen, { socket });
}
type End = ReturnType<typeof end>;

const has = (one: End, text: string) => eventually(`"${text}" came`, () => one.text === text);

describe('a faulty wire', () => {
  let far: End[];
  const server = createServer({ allowHalfOpen: true }, (socket) => far.push(end(socket)));
  let wire: FaultyWire;
  let clients: Socket[];

  before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  beforeEach(async () => {
    far = [];
    clients = [];
    wire = await faultyWire({ target: { port: (server.address() as AddressInfo).port } });
  });
  afterEach(async () => {
    await wire.stop();
    for (const socket of [...clients, ...far.map((one) => one.socket)]) socket.destroy();
  });
  after(() => server.close());

  /** A connection through the wire, both ends of it. */
  async function opened(): Promise<[client: End, target: End]> {
    const before = far.length;
    const client = end(connect({ port: wire.port, host: '127.0.0.1', allowHalfOpen: true }));
    clients.push(client.socket);
    const target = await eventually('the target has it', () => far[before]);
    return [client, target];
  }

  it('carries bytes both ways, ends one after the other, and counts', async () => {
    const [client, target] = await opened();
    client.socket.end('question');
    await has(target, 'question');
    await eventually('the target knows the end', () => target.ended);
    target.socket.end('answer');
    await has(client, 'answer');
    await eventually('both are closed', () => client.closed && target.closed);
    await eventually('the wire forgot it', () => wire.counts().open === 0);
    assert.deepEqual(wire.counts(), { accepted: 1, open: 0, toTarget: 8, toClient: 6 });
    assert.equal(client.error + target.error, '');
  });

  it('cut resets both ends', async () => {
    const [client, target] = await opened();
    wire.cut();
    await eventually('both are closed', () => client.closed && target.closed);
    assert.deepEqual([client.error, target.error], ['ECONNRESET', 'ECONNRESET']);
  });

  it('a reset at one end is one at the other', async () => {
    const [client, target] = await opened();
    target.socket.resetAndDestroy();
    await eventually('the client heard', () => client.closed);
    assert.equal(client.error, 'ECONNRESET');
  });

  it('a target that is away resets who connects', async () => {
    const away = await faultyWire({ target: { port: 1 } });
    const client = end(connect({ port: away.port, host: '127.0.0.1' }));
    await eventually('it is closed', () => client.closed);
    assert.equal(client.error, 'ECONNRESET');
    await away.stop();
  });

  it('refuses new connections, keeps those there are, and admits again on the same port', async () => {
    const [client, target] = await opened();
    wire.refuse();
    const refused = end(connect({ port: wire.port, host: '127.0.0.1' }));
    await eventually('it is refused', () => refused.closed);
    assert.equal(refused.error, 'ECONNREFUSED');
    client.socket.write('still here');
    await has(target, 'still here');
    await wire.admit();
    await opened();
  });

  it('stalls in the middle of a message, then delivers the rest in order', async () => {
    const [client, target] = await opened();
    const holds = wire.stall({ afterBytes: 4, way: 'toTarget' });
    client.socket.write('half of it');
    await holds;
    await has(target, 'half');
    target.socket.write('the other way is free');
    await has(client, 'the other way is free');
    assert.equal(target.text, 'half');
    wire.pass();
    await has(target, 'half of it');
  });

  it('a stall with a time ends by itself, and not before', async () => {
    const [client, target] = await opened();
    const began = performance.now();
    void wire.stall({ afterBytes: 1, forMs: 60, way: 'toTarget' });
    client.socket.write('late');
    await has(target, 'late');
    assert.ok(performance.now() - began >= 59);
  });

  it('a stall of one connection leaves the others free, also those that come', async () => {
    const [slow, slowTarget] = await opened();
    const [free, freeTarget] = await opened();
    const holds = wire.stall({ way: 'toTarget', one: true });
    slow.socket.write('held');
    await holds;
    free.socket.write('free');
    await has(freeTarget, 'free');
    const [fresh, freshTarget] = await opened();
    fresh.socket.write('new');
    await has(freshTarget, 'new');
    assert.equal(slowTarget.text, '');
    wire.pass();
    await has(slowTarget, 'held');
  });

  it('a black hole tells nobody: neither end nor reset comes out, and new connections open in silence', async () => {
    const [client, target] = await opened();
    await wire.stall();
    const [later, laterTarget] = await opened();
    client.socket.write('into the hole');
    client.socket.end();
    later.socket.resetAndDestroy();
    // What would have come with them has come the other way round a second wire.
    const beside = await faultyWire({
      target: { port: (server.address() as AddressInfo).port },
    });
    const witness = end(connect({ port: beside.port, host: '127.0.0.1' }));
    const seen = await eventually('the witness is there', () => far[2]);
    witness.socket.end('all is well');
    await eventually('the witness is heard', () => seen.ended);
    assert.deepEqual([target.text, target.ended, laterTarget.closed], ['', false, false]);
    wire.pass();
    await has(target, 'into the hole');
    await eventually('the end comes last', () => target.ended);
    await eventually('the reset is told', () => laterTarget.error === 'ECONNRESET');
    await beside.stop();
  });

  it('swallows what comes, and carries what comes later', async () => {
    const [client, target] = await opened();
    wire.swallow('toTarget');
    client.socket.end('lost');
    // The end behind them comes through, so they have been read.
    await eventually('the target is told of the end', () => target.ended);
    assert.deepEqual([target.text, wire.counts().toTarget], ['', 0]);
    target.socket.end('kept');
    await has(client, 'kept');
    wire.pass();
    const [again, againTarget] = await opened();
    again.socket.write('carried');
    await has(againTarget, 'carried');
  });

  it('delays each byte, and many at once', async () => {
    const [client, target] = await opened();
    wire.delay(80, 'toTarget');
    const began = performance.now();
    const sent: Promise<unknown>[] = [];
    for (let n = 0; n < 10; n += 1) {
      client.socket.write('x');
      sent.push(new Promise((resolve) => setImmediate(resolve)));
    }
    await Promise.all(sent);
    await has(target, 'xxxxxxxxxx');
    const took = performance.now() - began;
    assert.ok(took >= 79, `${took} ms`);
  });

  it('what is delayed comes at once when the wire is whole again', async () => {
    const [client, target] = await opened();
    wire.delay(600_000);
    client.socket.write('waited');
    await eventually('it is under way', () => client.socket.bytesWritten === 6);
    wire.pass();
    await has(target, 'waited');
  });

  it('throttles to so many bytes a second', async () => {
    const [client, target] = await opened();
    wire.throttle(100_000, 'toTarget');
    const began = performance.now();
    client.socket.write(Buffer.alloc(20_000));
    await eventually('all came', () => target.bytes === 20_000);
    assert.ok(performance.now() - began >= 140, 'the first piece is free');
  });

  it('half closes: the receiver is told of an end, and may still send', async () => {
    const [client, target] = await opened();
    wire.halfClose('toTarget');
    await eventually('the target is told', () => target.ended);
    target.socket.write('still here');
    await has(client, 'still here');
    assert.equal(client.ended, false);
  });

  it('reads no more than it can keep: a held sender has to wait', async () => {
    const [client, target] = await opened();
    await wire.stall();
    const size = 16 * 1024 * 1024;
    client.socket.write(Buffer.alloc(size));
    let before = -1;
    // The system's own buffers grow for a while.
    await eventually('nothing more is taken', () => {
      const taken = client.socket.bytesWritten - client.socket.writableLength;
      const same = taken === before;
      before = taken;
      return same;
    });
    assert.equal(client.socket.writableLength, size, 'the sender still waits');
    wire.pass();
    await eventually('all came', () => target.bytes === size);
  });

  it('stop resets what is left and listens no more', async () => {
    const [client] = await opened();
    await wire.stall();
    await wire.stop();
    await wire.stop();
    await eventually('it is closed', () => client.closed);
    const late = end(connect({ port: wire.port, host: '127.0.0.1' }));
    await eventually('it is refused', () => late.error === 'ECONNREFUSED');
  });
});
