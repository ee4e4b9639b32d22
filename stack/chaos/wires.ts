import { type FaultyWire, faultyWire } from '../faulty-wire.ts';
import type { Route } from '../route.ts';
import type { AddressVariable } from '../services.ts';

/** The wires from one instance to one server: to each of several that stand for one. */
export interface Line {
  /** The instance's name. */
  readonly of: string;
  readonly service: string;
  readonly variable: AddressVariable;
  readonly wires: readonly FaultyWire[];
}

/** Wires between every service and all that it needs. */
export interface Wires {
  /** For `startStack`. */
  readonly route: Route;
  /** Those that were laid so far. */
  readonly lines: readonly Line[];
  /** As if there were none. */
  readonly pass: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Each `host:port` of an address, of a URL with several, or of several URLs. */
const HOST = /(?<=^|[/@,])[^/@,:?]+:(\d+)(?=$|[/,?])/g;

/** None yet: they are laid as the stack asks for addresses. */
export function layWires(): Wires {
  const lines: Line[] = [];
  const all = () => lines.flatMap(({ wires }) => wires);
  return {
    lines,
    async route({ name, row }, variable, address) {
      const wires = await Promise.all(
        [...address.matchAll(HOST)].map(([, port]) =>
          faultyWire({ target: { port: Number(port) } }),
        ),
      );
      lines.push({ of: name, service: row.name, variable, wires });
      const [...left] = wires;
      return address.replaceAll(HOST, () => left.shift()?.address ?? '');
    },
    async pass() {
      for (const wire of all()) {
        wire.pass();
        await wire.admit();
      }
    },
    stop: async () => {
      await Promise.all(all().map((wire) => wire.stop()));
    },
  };
}
