/** The NATS of `make start`: who connects, and what each identity may publish and hear. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type NatsConnection, nkeyAuthenticator, nkeys } from 'nats';
import { natsRights, natsUses } from '../shared/contracts/rights/nats.ts';
import { durables, ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { usesOf } from '../shared/credentials/nats-keys.ts';
import { natsConnectionOptions } from '../shared/kit/transport/nats/nats-connection.ts';
import { natsLoginAs } from './credentials/nats-logins.ts';
import { services } from './services.ts';
import { type Stack, startStack } from './stack.ts';
import { testFolder } from './testing.ts';

const uses = usesOf(services);
const identities = [...uses.keys()];
const streams = [ORDERS_STREAM];
const rightsOf = (identity: string) => natsRights(identity, uses.get(identity) ?? [], streams);

/** As the server has it: `*` is one token, `>` all that follow. */
const matches = (pattern: string, subject: string): boolean => {
  const [wanted, tokens] = [pattern.split('.'), subject.split('.')];
  return (
    wanted.every((token, at) =>
      token === '>'
        ? tokens.length > at
        : token === '*'
          ? at < tokens.length
          : token === tokens[at],
    ) &&
    (wanted.at(-1) === '>' || wanted.length === tokens.length)
  );
};
const may = (patterns: readonly string[], subject: string) =>
  patterns.some((pattern) => matches(pattern, subject));

/** A subject that the pattern fits. */
const example = (pattern: string): string => pattern.replace('*', 'x').replace('>', 'x.y');

/** All that anybody may publish, and what nobody may. */
const published = [
  ...new Set([
    ...identities.flatMap((identity) => rightsOf(identity).publish.map(example)),
    `$JS.API.STREAM.PURGE.${ORDERS_STREAM}`,
    `$JS.API.STREAM.MSG.DELETE.${ORDERS_STREAM}`,
    '$JS.API.STREAM.CREATE.OTHER',
    '$JS.API.ACCOUNT.PURGE.x',
    `$JS.ACK.${ORDERS_STREAM}.other.1.1.1.1.1`,
    '$SYS.REQ.SERVER.PING',
    ...identities.map((identity) => `_INBOX_${identity}.forged`),
    'anything',
  ]),
].sort();
const heard = [
  ...new Set([
    ...identities.flatMap((identity) => rightsOf(identity).subscribe),
    '>',
    '*',
    '_INBOX.>',
    `${ORDERS_STREAM}.*`,
    '$JS.API.>',
    '$JS.ACK.>',
    '$JS.EVENT.>',
    '$SYS.>',
  ]),
].sort();

/** Nobody may publish it, so its refusal says that all others have been said. */
const LAST = 'the.last';

describe('rights in the NATS of the stack', function suite() {
  this.timeout(60_000);
  let stack: Stack;
  before(async () => {
    const options = { zipkin: false, durable: false, services: [] };
    stack = await startStack({ dataDir: await testFolder(), ...options });
  });
  after(() => stack?.stop());

  const as = (identity: string): Promise<NatsConnection> => {
    const address = natsLoginAs(stack.addresses.NATS_URL, identity);
    return connect({ ...natsConnectionOptions(address, 'spec'), reconnect: false });
  };

  /** The subjects that the server refuses meanwhile; it says each in a message of its own. */
  async function refused(connection: NatsConnection, work: () => void): Promise<string[]> {
    const found = new Set<string>();
    const { promise: allSaid, resolve } = Promise.withResolvers<void>();
    void (async () => {
      for await (const { permissionContext } of connection.status()) {
        if (permissionContext?.subject === LAST) resolve();
        else if (permissionContext) found.add(permissionContext.subject);
      }
    })();
    work();
    connection.publish(LAST);
    await allSaid;
    return [...found].sort();
  }

  for (const identity of identities) {
    it(`${identity} publishes what its rule says, and nothing else`, async () => {
      const connection = await as(identity);
      try {
        const { publish } = rightsOf(identity);
        const denied = published.filter((subject) => !may(publish, subject));
        const found = await refused(connection, () => {
          for (const subject of published) {
            // What changes something is left to those who are refused it.
            if (may(publish, subject) && !/INFO/.test(subject)) continue;
            connection.publish(subject, '{}', { reply: `_INBOX_${identity}.x` });
          }
        });
        assert.deepEqual(found, denied);
      } finally {
        await connection.close();
      }
    });

    it(`${identity} hears what its rule says, and nothing else`, async () => {
      const connection = await as(identity);
      try {
        const { subscribe } = rightsOf(identity);
        const denied = heard.filter((subject) => !may(subscribe, subject));
        const found = await refused(connection, () => {
          for (const subject of heard) connection.subscribe(subject, { callback: () => undefined });
        });
        assert.deepEqual(found, denied);
      } finally {
        await connection.close();
      }
    });
  }

  it('every service that needs NATS has a rule, and every rule somebody', () => {
    const needing = services
      .filter(({ needs }) => needs.includes('NATS_URL'))
      .map(({ name }) => name);
    assert.deepEqual(Object.keys(natsUses).sort(), ['bootstrapper', 'operator', ...needing].sort());
  });

  it('only the event store fills the stream, and a durable has one worker', () => {
    const alone = identities.filter(
      (identity) => !services.some(({ joins }) => joins === identity),
    );
    const filling = alone.filter((identity) => may(rightsOf(identity).publish, 'ORDERS.x'));
    assert.deepEqual(filling, ['eventstoresvc']);
    for (const [name, durable] of Object.entries(durables)) {
      const answer = `$JS.ACK.${ORDERS_STREAM}.${durable}.1.1.1.1.1`;
      const answering = alone.filter((identity) => may(rightsOf(identity).publish, answer));
      assert.deepEqual(answering, name === 'saga' ? [] : [`${name}worker`]);
    }
  });

  it('nobody connects without a key, with a user or with a key of their own', async () => {
    const { port } = new URL(stack.addresses.NATS_URL);
    const stranger = nkeys.createUser().getSeed();
    for (const login of [
      {},
      { user: 'eventstoresvc', pass: '' },
      { token: 'eventstoresvc' },
      { authenticator: nkeyAuthenticator(stranger) },
    ]) {
      const servers = `127.0.0.1:${port}`;
      await assert.rejects(
        connect({ servers, reconnect: false, ...login }),
        /Authorization Violation|Authentication/i,
      );
    }
  });

  it('the configuration holds no secret', () => {
    const key = new URL(stack.addresses.NATS_URL).searchParams.get('nkey') ?? '';
    const conf = readFileSync(key.replace(/credentials.*/, 'nats.conf'), 'utf8');
    assert.doesNotMatch(conf, /\bSU[A-Z0-9]{50,}/);
    assert.match(conf, /nkey: U/);
  });
});
