/** One channel to several servers that serve the same. */
import { type ClientOptions, experimental, status } from '@grpc/grpc-js';
import { channelOptionsFor } from '../call.ts';

type Endpoints = Parameters<experimental.ResolverListener>[0];
type Endpoint = experimental.Endpoint;

const SCHEME = 'several';

const roundRobin = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

/**
 * Each call goes to the next server, also to one that has just stopped to answer, so that is
 * noticed as soon as a stream's silence is: after seven seconds.
 */
const balanced: ClientOptions = {
  'grpc.service_config': roundRobin,
  'grpc.keepalive_time_ms': 3_000,
  'grpc.keepalive_timeout_ms': 4_000,
};

/** The addresses in a text that separates them by commas. */
export const addressesIn = (text: string): readonly string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

/**
 * Where a channel to `address` leads, and its options. `address` is `host:port`, or several of
 * them separated by commas: then there is a connection to each, and calls go to those that are
 * connected, in turns. One that stops gets no more calls, and gets some again when it is back.
 * With `balance` false all go to one that answers, until that stops. Several are found without
 * a proxy.
 */
export function channelTo(
  address: string,
  { balance = true }: { readonly balance?: boolean } = {},
): { readonly target: string; readonly options: ClientOptions } {
  const [first = address, ...others] = addressesIn(address);
  if (others.length === 0) return { target: first, options: channelOptionsFor(first) };
  return {
    target: `${SCHEME}:${[first, ...others].join(',')}`,
    options: {
      ...channelOptionsFor(first),
      ...(balance && balanced),
      'grpc.enable_http_proxy': 0,
    },
  };
}

/** Asks for each address as for one alone, and tells all that are known. */
class SeveralAddresses implements experimental.Resolver {
  readonly #known: (Endpoints | undefined)[];
  readonly #each: readonly experimental.Resolver[];
  readonly #listener: experimental.ResolverListener;
  #told = '';

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    options: ClientOptions,
  ) {
    const addresses = addressesIn(target.path);
    this.#listener = listener;
    this.#known = addresses.map(() => undefined);
    this.#each = addresses.map((path, index) =>
      experimental.createResolver(
        { scheme: 'dns', path },
        (found) => {
          // One whose name is not known for a moment keeps what it had.
          if (found.ok || !this.#known[index]?.ok) this.#known[index] = found;
          this.#tell();
          return true;
        },
        options,
      ),
    );
  }

  #tell(): void {
    const found = this.#known.flatMap((one): readonly Endpoint[] => (one?.ok ? one.value : []));
    if (found.length === 0) {
      const failed = this.#known.every((one) => one !== undefined);
      if (failed) this.#listener(this.#known[0] ?? nothing, {}, null, '');
      return;
    }
    // The same list again would make calls wait until each connection is looked at once more.
    const text = found.map(experimental.endpointToString).join(' ');
    if (text === this.#told) return;
    this.#told = text;
    this.#listener(experimental.statusOrFromValue(found), {}, null, '');
  }

  updateResolution(): void {
    for (const one of this.#each) one.updateResolution();
  }

  destroy(): void {
    this.#told = '';
    for (const one of this.#each) one.destroy();
  }

  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return addressesIn(path)[0] ?? '';
  }
}

const nothing = experimental.statusOrFromError<Endpoint[]>({
  code: status.UNAVAILABLE,
  details: 'no address is known',
});

experimental.registerResolver(SCHEME, SeveralAddresses);
