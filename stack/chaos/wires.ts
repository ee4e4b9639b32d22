import { type FaultyWire, faultyWire } from '../faulty-wire.ts';
import type { Instance, Plan } from '../plan.ts';
import type { Route } from '../route.ts';
import type { AddressVariable } from '../services.ts';

/** The wires from one instance to one server: three if the server is a cluster. */
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

/** None yet: they are laid as the stack asks for addresses. */
export function layWires(): Wires {
  const lines: Line[] = [];
  const all = () => lines.flatMap(({ wires }) => wires);
  return {
    lines,
    async route(instance, variable, address, plan) {
      const usual = variable === 'EVENTSTORE_ADDRESS' ? eventStoreOf(instance, plan) : undefined;
      const laid = await Promise.all((usual ?? address).split(',').map(lay));
      const { name, row } = instance;
      lines.push({ of: name, service: row.name, variable, wires: laid.map(({ wire }) => wire) });
      return laid.map((one) => one.address).join(',');
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

/** A further instance asks the event store's further instance, so that both are used. */
function eventStoreOf({ name }: Instance, { instances }: Plan): string | undefined {
  const number = /-\d+$/.exec(name)?.[0] ?? '';
  const store = instances.find((one) => one.name === `eventstoresvc${number}`);
  return store && `127.0.0.1:${store.port}`;
}

async function lay(address: string): Promise<{ wire: FaultyWire; address: string }> {
  if (!address.includes('://')) {
    const wire = await faultyWire({ target: { port: Number(address.split(':').at(-1)) } });
    return { wire, address: wire.address };
  }
  const url = new URL(address);
  const wire = await faultyWire({ target: { port: Number(url.port) } });
  url.port = String(wire.port);
  return { wire, address: url.href };
}
