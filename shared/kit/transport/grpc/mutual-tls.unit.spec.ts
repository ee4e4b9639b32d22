import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { EventStoreClient, EventStoreService } from '../../../../proto/gen/eventstore.ts';
import {
  nameIn,
  type TlsFolder,
  tlsFolder,
} from '../../../../stack/credentials/testing/tls-folder.ts';
import { makeAuthority } from '../../../credentials/certificate-authority.ts';
import { eventually } from '../../../testing/eventually.ts';
import { background } from '../../context.ts';
import { CodedError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import { channelCredentials, tlsChannelOptions } from '../tls/channel-credentials.ts';
import { type TlsIdentity, tlsIdentity } from '../tls/tls-files.ts';
import { channelOptions } from './call.ts';
import { callUnary, type GrpcServer, grpcServer, unary } from './grpc-server.ts';

const HOUR = 60 * 60_000;
const hosts = ['localhost'];

describe('mutual TLS on gRPC', () => {
  const cleanups: (() => unknown)[] = [];
  let certificates: TlsFolder;
  let server: GrpcServer;
  let callers: (string | undefined)[];

  beforeEach(async () => {
    callers = [];
    certificates = await tlsFolder();
    server = grpcServer({
      host: '127.0.0.1',
      port: 0,
      logger: silentLogger,
      drainMs: 100,
      limits: { firstMs: 1_000 },
      tls: await certificates.identity('server', { hosts }),
      authorize: (identity, method) =>
        identity === nameIn('reader') && method.endsWith('/GetCurrency')
          ? new CodedError('forbidden', 'not_yours', 'Only others may.')
          : undefined,
      services: [
        {
          definition: EventStoreService,
          implementation: {
            getHead: unary({
              name: 'GetHead',
              decode: () => undefined,
              endpoint: async (ctx) => callers.push(ctx.peer),
              encode: (position) => ({ position: BigInt(position) }),
            }),
            getCurrency: unary({
              name: 'GetCurrency',
              decode: () => undefined,
              endpoint: async () => ({ code: 'USD', decimals: 2 }),
              encode: (currency) => currency,
            }),
          },
        },
      ],
    });
    await server.start?.();
    cleanups.push(() => server.stop?.());
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    certificates.remove();
  });

  function clientOf(identity: TlsIdentity | undefined, expects = 'server'): EventStoreClient {
    const tls = identity && { identity, server: nameIn(expects) };
    const client = new EventStoreClient(`127.0.0.1:${server.port()}`, channelCredentials(tls), {
      ...channelOptions,
      ...tlsChannelOptions(tls),
      'grpc.use_local_subchannel_pool': 1,
    });
    cleanups.push(() => client.close());
    return client;
  }

  const options = { name: 'x', timeoutMs: 2_000 };
  const getHead = (client: EventStoreClient) =>
    callUnary(client.getHead.bind(client), { stream: '' }, background(), options);
  const getCurrency = (client: EventStoreClient) =>
    callUnary(client.getCurrency.bind(client), {}, background(), options);

  it('a caller is known by the name in its certificate', async () => {
    await getHead(clientOf(await certificates.identity('reader')));
    await getHead(clientOf(await certificates.identity('writer')));
    assert.deepEqual(callers, [nameIn('reader'), nameIn('writer')]);
  });

  it('a method that is not for a caller is refused before its handler', async () => {
    await getCurrency(clientOf(await certificates.identity('writer')));
    await assert.rejects(getCurrency(clientOf(await certificates.identity('reader'))), {
      kind: 'forbidden',
      code: 'not_yours',
    });
  });

  it('a certificate of our CA that names nobody is told so', async () => {
    const nameless = await certificates.identity('x', { identity: 'https://tests.local/x' });
    await assert.rejects(getHead(clientOf(nameless)), {
      kind: 'unauthenticated',
      code: 'no_identity',
    });
    assert.deepEqual(callers, []);
  });

  const strangers: [string, () => Promise<TlsIdentity | undefined>][] = [
    ['without TLS', async () => undefined],
    [
      'with a certificate of another CA',
      async () => certificates.identity('reader', { by: await makeAuthority('tests', Date.now()) }),
    ],
    [
      'with a certificate that has ended',
      () => certificates.identity('reader', { from: Date.now() - 2 * HOUR, forMs: HOUR }),
    ],
    [
      'with a certificate that counts from tomorrow on',
      () => certificates.identity('reader', { from: Date.now() + 24 * HOUR }),
    ],
  ];
  for (const [who, identity] of strangers) {
    it(`a caller ${who} reaches nothing`, async () => {
      await assert.rejects(getHead(clientOf(await identity())), { kind: 'unavailable' });
      assert.deepEqual(callers, []);
      await getHead(clientOf(await certificates.identity('reader')));
    });
  }

  it('a caller with no certificate at all reaches nothing', async () => {
    const { ca } = (await certificates.identity('reader')).current();
    const client = new EventStoreClient(
      `localhost:${server.port()}`,
      credentials.createSsl(ca),
      channelOptions,
    );
    cleanups.push(() => client.close());
    await assert.rejects(getHead(client), { kind: 'unavailable' });
    assert.deepEqual(callers, []);
  });

  it('a client tells nothing to a server that is another than it expects', async () => {
    const client = clientOf(await certificates.identity('reader'), 'another');
    await assert.rejects(getHead(client), { kind: 'unavailable' });
    assert.deepEqual(callers, []);
  });

  it('a handshake that does not come to its end is cut off', async () => {
    const socket = connect(server.port(), '127.0.0.1').on('error', () => {});
    socket.resume().write(Buffer.from([22, 3, 1]));
    await once(socket, 'close');
  });

  it('leaf and CA are replaced under load, and no call fails', async () => {
    const mine = await certificates.identity('reader');
    const next = await makeAuthority('the next', Date.now());
    const failures: unknown[] = [];
    let calls = 0;
    let busy = true;
    const load = [1, 2, 3].map(async () => {
      while (busy) {
        // Each on a connection of its own, so that certificates are checked again and again.
        const client = clientOf(mine);
        await getHead(client).catch((error) => failures.push(error));
        client.close();
        calls++;
      }
    });
    const more = async () => {
      const before = calls;
      await eventually('calls go on', () => calls > before + 10);
    };
    const served = async () => new Set((await leafOfServer()).split('\n'));
    await more();
    await certificates.leaf('reader');
    await certificates.leaf('server', { hosts });
    await more();
    certificates.trust(certificates.authority, next);
    await eventually('both are trusted by the client', () => mine.current().ca.includes(next.cert));
    const newcomer = await certificates.identity('newcomer', { by: next });
    await eventually('both are trusted by the server', () =>
      getHead(clientOf(newcomer)).then(
        () => true,
        () => false,
      ),
    );
    await more();
    await certificates.leaf('server', { hosts, by: next });
    await certificates.leaf('reader', { by: next });
    await eventually('the new leaf is served', async () => (await served()).has('CN=the next'));
    await more();
    certificates.trust(next);
    await eventually(
      'the old is trusted no more',
      () => !mine.current().ca.includes(certificates.authority.cert),
    );
    await more();
    busy = false;
    await Promise.all(load);
    assert.deepEqual(failures, []);
    const old = await certificates.identity('other', { by: certificates.authority });
    await assert.rejects(getHead(clientOf(old)), { kind: 'unavailable' });
  });

  async function leafOfServer(): Promise<string> {
    const mine = (await certificates.identity('looker')).current();
    const socket = connectTls({
      ...mine,
      host: '127.0.0.1',
      port: server.port(),
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    const { issuer = '' } = socket.getPeerX509Certificate() ?? {};
    socket.destroy();
    return issuer;
  }

  it('files that do not belong together are not taken, and are named', async () => {
    const files = await certificates.leaf('one');
    const other = await certificates.leaf('two');
    assert.throws(() => tlsIdentity({ ...files, key: other.key }), /two\.key.*not a certificate/);
    assert.throws(() => tlsIdentity({ ...files, ca: '/nowhere/ca.crt' }), /\/nowhere\/ca\.crt/);
  });
});
