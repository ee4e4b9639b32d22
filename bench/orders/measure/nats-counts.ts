/** What went through NATS so far, as its monitor tells. */
export interface NatsCounts {
  /** By the name that a connection gives itself. */
  readonly connections: ReadonlyMap<string, Traffic>;
  /** By durable consumer. */
  readonly durables: ReadonlyMap<string, Durable>;
}

export interface Traffic {
  /** To the server: what is published, acknowledged and asked for. */
  readonly toServer: number;
  readonly fromServer: number;
}

export interface Durable {
  /** Deliveries that were acknowledged, several by one message perhaps. */
  readonly acknowledged: number;
  /** Not delivered yet, or delivered and not acknowledged. */
  readonly waiting: number;
}

const ANSWER_MS = 5_000;

/** Rejects where the monitor does not answer. */
export async function natsCounts(
  monitorUrl: string,
  stream: string | undefined,
): Promise<NatsCounts> {
  const [{ connections = [] }, { account_details: accounts = [] }] = await Promise.all([
    ask<Connections>(`${monitorUrl}/connz?limit=1000`),
    ask<Streams>(`${monitorUrl}/jsz?consumers=true&config=true`),
  ]);
  const traffic = new Map<string, Traffic>();
  for (const { name = '', in_msgs, out_msgs } of connections) {
    const { toServer = 0, fromServer = 0 } = traffic.get(name) ?? {};
    traffic.set(name, { toServer: toServer + in_msgs, fromServer: fromServer + out_msgs });
  }
  const consumers = accounts
    .flatMap((account) => account.stream_detail ?? [])
    .filter(({ name }) => name === stream)
    .flatMap((one) => one.consumer_detail ?? [])
    .filter(({ config }) => config?.durable_name);
  return {
    connections: traffic,
    durables: new Map(
      consumers.map(({ name, ack_floor, num_pending, num_ack_pending }) => [
        name,
        { acknowledged: ack_floor.consumer_seq, waiting: num_pending + num_ack_pending },
      ]),
    ),
  };
}

interface Connections {
  readonly connections?: readonly {
    readonly name?: string;
    readonly in_msgs: number;
    readonly out_msgs: number;
  }[];
}

interface Streams {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly consumer_detail?: readonly {
        readonly name: string;
        readonly config?: { readonly durable_name?: string };
        readonly ack_floor: { readonly consumer_seq: number };
        readonly num_pending: number;
        readonly num_ack_pending: number;
      }[];
    }[];
  }[];
}

async function ask<T>(url: string): Promise<T> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  return (await answer.json()) as T;
}
