import { setTimeout as delay } from 'node:timers/promises';
import type { Patroni } from '../../patroni/patroni.ts';
import { type Part, TTL_SECONDS } from '../../patroni/patroni-node.ts';
import type { Fault, Where } from './fault.ts';

/** Until a server that takes part again has what it missed. */
const FOLLOWS_MS = 6_000;
/** A server that is silent is believed in for so long, and then another has to take over. */
const BELIEVED_MS = TTL_SECONDS * 1_000 + 2_000;
/** How long a frozen primary stays frozen when another has taken over, at most. */
const FROZEN_ON_MS = 4_000;

/** Does something to the primary; when it resolves another one takes writes. */
type Harm = (
  primary: string,
  where: Where & { readonly patroni: Patroni },
) => Promise<string | undefined>;

/**
 * It is over when all three servers take part again: a second loss would be one too many.
 * While two take themselves for the primary, reads may be old.
 */
function failover(name: string, plannedMs: number, harm: Harm, twoPrimaries = false): Fault {
  return {
    name,
    failover: true,
    forgets: twoPrimaries,
    plannedMs: plannedMs + FOLLOWS_MS,
    async happen(where) {
      const { patroni } = where;
      if (patroni === undefined) throw new Error('there is no Patroni');
      const before = await patroni.primary();
      if (before === undefined) throw new Error('no PostgreSQL server takes writes');
      const told = await harm(before, { ...where, patroni });
      const after = await patroni.primary();
      await patroni.whole();
      return told ?? `${before}, then ${after}`;
    },
  };
}

const killedPrimary = (name: string, plannedMs: number, part: Part): Fault =>
  failover(
    name,
    plannedMs,
    async (primary, { patroni }) => {
      patroni.kill(primary, part);
      await patroni.successor(primary);
      // A Patroni that lives starts its server by itself.
      if (part !== 'PostgreSQL') await patroni.start(primary);
      return undefined;
    },
    part === 'Patroni',
  );

/** Each way in which another server takes over, and the loss of the one that commits wait for. */
export const failovers: readonly Fault[] = [
  failover('primary switched over', 3_000, async (primary, { patroni }) => {
    await patroni.switchOver();
    await patroni.successor(primary);
    return undefined;
  }),
  killedPrimary('primary killed with its Patroni', BELIEVED_MS, 'both'),
  killedPrimary("primary's PostgreSQL killed", 5_000, 'PostgreSQL'),
  // Its server goes on, and takes itself for the primary after another has become it.
  killedPrimary("primary's Patroni killed", BELIEVED_MS, 'Patroni'),
  failover(
    'primary frozen past the ttl',
    BELIEVED_MS,
    async (primary, where) => {
      const { patroni, luck, signal } = where;
      const onMs = luck.below(FROZEN_ON_MS);
      patroni.freeze(primary);
      try {
        await patroni.successor(primary);
        await delay(onMs, undefined, { signal });
      } finally {
        patroni.thaw(primary);
      }
      return undefined;
    },
    true,
  ),
  failover('synchronous standby killed', 4_000, async (primary, { patroni }) => {
    const standby = await patroni.synchronous();
    patroni.kill(standby);
    await patroni.synchronous();
    await patroni.start(standby);
    return `${standby}, beside ${primary}`;
  }),
];
