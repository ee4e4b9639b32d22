/**
 * Who may publish and hear what on NATS. The server's configuration is made from this, and so
 * are the tests and docs/security.md. Each identity is a user with a key of its own.
 */
import { inboxOf } from '../../kit/transport/nats/inbox.ts';
import { durables, ORDERS_STREAM } from '../subjects.ts';
import { BOOTSTRAPPER, OPERATOR } from './sql.ts';

/** What an identity does with streams of JetStream. */
export interface StreamUse {
  /** Default: all streams that there are. */
  readonly stream?: string;
  /** It makes streams. */
  readonly makes?: true;
  /** It alone publishes in them, and hears what the broker gives up. */
  readonly fills?: true;
  /** It reads them with consumers that go when it does, and may make a stream again. */
  readonly inspects?: true;
  /** The durables that it works off: it makes them, pulls from them and answers. */
  readonly durables?: readonly string[];
  /** Durables of others that it asks about. */
  readonly asks?: readonly string[];
}

/** Subjects; `*` is any token, `>` any that follow. What is not named is refused. */
export interface NatsRights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const { saga: _followsTheLog, ...worked } = durables;

/** By identity. A durable `x` of `durables` is worked off by `xworker`. */
export const natsUses: Readonly<Record<string, StreamUse>> = {
  eventstoresvc: { fills: true, inspects: true },
  [BOOTSTRAPPER]: { makes: true },
  [OPERATOR]: { inspects: true },
  sagacoordinator: { stream: ORDERS_STREAM, asks: Object.values(worked) },
  ...Object.fromEntries(
    Object.entries(worked).map(([name, durable]) => [
      `${name}worker`,
      { stream: ORDERS_STREAM, durables: [durable] },
    ]),
  ),
};

/** The subjects that `identity` needs for what it does. */
export function natsRights(
  identity: string,
  uses: readonly StreamUse[],
  streams: readonly string[],
): NatsRights {
  const all = uses.flatMap((use) =>
    (use.stream === undefined ? streams : [use.stream]).map((stream) => rightsIn(stream, use)),
  );
  return {
    publish: [...new Set(all.flatMap(({ publish }) => publish))],
    subscribe: [`${inboxOf(identity)}.>`, ...new Set(all.flatMap(({ subscribe }) => subscribe))],
  };
}

function rightsIn(stream: string, use: StreamUse): NatsRights {
  const { makes, fills, inspects, durables: own = [], asks = [] } = use;
  const ofStream = (...verbs: readonly string[]) =>
    verbs.map((verb) => `$JS.API.STREAM.${verb}.${stream}`);
  const ofConsumer = (consumer: string, ...verbs: readonly string[]) =>
    verbs.map((verb) => `$JS.API.CONSUMER.${verb}.${stream}.${consumer}`);
  return {
    publish: [
      ...(makes ? ofStream('INFO', 'CREATE', 'UPDATE') : []),
      ...(fills ? [`${stream}.*`] : []),
      ...(inspects
        ? [
            '$JS.API.INFO',
            ...ofStream('INFO', 'CREATE', 'UPDATE', 'DELETE', 'MSG.GET'),
            `$JS.API.CONSUMER.CREATE.${stream}`,
            ...ofConsumer('*', 'CREATE', 'INFO', 'DELETE', 'MSG.NEXT'),
          ]
        : []),
      ...(own.length > 0 ? ofStream('INFO', 'MSG.GET') : []),
      ...own.flatMap((durable) => [
        ...ofConsumer(durable, 'INFO', 'CREATE', 'DURABLE.CREATE', 'DELETE', 'PAUSE', 'MSG.NEXT'),
        // With one subject to filter by, that is the last token.
        ...ofConsumer(`${durable}.>`, 'CREATE'),
        `$JS.ACK.${stream}.${durable}.>`,
      ]),
      ...asks.flatMap((durable) => ofConsumer(durable, 'INFO')),
    ],
    subscribe: fills ? [`$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.*`] : [],
  };
}
