import type { Part } from '../../../shared/contracts/console.ts';
import { askAdmin } from './admin-client.ts';

/** A process of the stack and where it is asked how it is. */
export interface PartAddress {
  /** The service's name, with `-2` and so on for further instances. */
  readonly name: string;
  /** Of its admin port, without a slash at its end. */
  readonly url: string;
}

/** Asks each part how it is. */
export interface PartsWatch {
  /** Asks all; resolves when each has answered or its time is over. Never rejects. */
  ask(): Promise<void>;
  /** As of the last answers, in the order given. */
  parts(): readonly Part[];
  /** The part of this name, or the first instance of a service that answers. */
  part(name: string): Part | undefined;
}

/** What a part answers. */
interface Said {
  readonly status?: unknown;
  readonly reasons?: unknown;
}

/** How long a part may take to say how it is, in milliseconds. A stopped process accepts and is silent. */
export const ANSWER_MS = 2_000;

export function partsWatch(
  addresses: readonly PartAddress[],
  now = () => performance.now(),
): PartsWatch {
  const known = new Map<string, { part: Part; answeredAt: number }>();
  const began = now();

  async function askOne({ name, url }: PartAddress): Promise<void> {
    try {
      const said = (await askAdmin(`${url}/readyz`, ANSWER_MS)) as Said;
      const reasons = Array.isArray(said.reasons) ? said.reasons.map(String) : [];
      const state = stateOf(said.status);
      known.set(name, { part: { name, state, reasons }, answeredAt: now() });
    } catch {
      const answeredAt = known.get(name)?.answeredAt ?? began;
      known.set(name, { part: silent(name, (now() - answeredAt) / 1_000), answeredAt });
    }
  }

  const partOf = (name: string): Part | undefined => known.get(name)?.part;
  return {
    ask: async () => void (await Promise.all(addresses.map(askOne))),
    parts: () => addresses.flatMap(({ name }) => partOf(name) ?? []),
    part(name) {
      const instances = addresses.flatMap((one) =>
        one.name === name || one.name.replace(/-\d+$/, '') === name ? (partOf(one.name) ?? []) : [],
      );
      return instances.find(({ state }) => state !== 'silent') ?? instances[0];
    },
  };
}

const stateOf = (status: unknown): Part['state'] =>
  status === 'ready' || status === 'degraded' ? status : 'not ready';

const silent = (name: string, forS: number): Part => ({
  name,
  state: 'silent',
  reasons: ['it does not answer'],
  silent_s: Math.round(forS * 10) / 10,
});
