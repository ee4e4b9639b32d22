import { type Dice, dice } from '../interleavings/dice.ts';
import type { PersonalDataForm } from './options.ts';
import { names, REJECT_ABOVE_MINOR } from './settings.ts';

/** What people want of one order, and do with it. */
export interface Wish {
  readonly n: number;
  readonly kind: Kind;
  readonly key: string;
  readonly customerId: string;
  readonly amountMinor: number;
  readonly body: string;
  /** The request is sent twice at once, and once more when it was answered. */
  readonly twice: boolean;
  /** The order is read as soon as it is accepted. */
  readonly looks: boolean;
  /** A customer who cancels does so after this. */
  readonly cancelsAfterMs: number;
}

/** How many of a hundred orders are of each kind. */
const shares = {
  approved: 50,
  'paid slowly': 3,
  declined: 6,
  'rejected by rule': 5,
  'rejected by restaurant': 5,
  'approved by hand': 8,
  'rejected by hand': 4,
  /** By the customer, at any moment. */
  cancelled: 10,
  /** The customer cancels while the restaurant approves. */
  contested: 4,
  /** Nobody decides. */
  undecided: 2,
  /** The gateway never answers. */
  unpaid: 2,
  /** Nobody decides, and an unreadable event arrives. */
  poisoned: 1,
} as const;

export type Kind = keyof typeof shares;
export const kinds = Object.keys(shares) as readonly Kind[];

const CANCEL_WITHIN_MS = 2_500;

/** Told by the customer's name, which only ordersvc knows where names are sealed. */
const byName: readonly Kind[] = ['paid slowly', 'declined', 'unpaid'];

/** Wish number `n` of the run: always the same for the same seed. */
export function wish(seed: number, n: number, personalData: PersonalDataForm = 'plain'): Wish {
  const luck = dice(seed * 1_000_003 + n);
  const asked = kindOf(luck);
  const kind = personalData === 'sealed' && byName.includes(asked) ? 'approved' : asked;
  const customerId = customerOf(kind, seed, n);
  const priceMinor = kind === 'rejected by rule' ? REJECT_ABOVE_MINOR + 1 : 501 + 100 * (n % 300);
  const [priced, free] = [priceMinor / 100, 1.1];
  return {
    n,
    kind,
    key: `chaos-${seed}-${n}`,
    customerId,
    amountMinor: 2 * priceMinor + 110,
    body: JSON.stringify({
      customer_id: customerId,
      restaurant_id: restaurantOf(kind),
      order_items: [
        { code: 'pizza', name: `Pizza ${n}`, unit_price: priced, quantity: 2 },
        { code: 'water', name: 'Water', unit_price: free, quantity: 1 },
      ],
    }),
    twice: luck.chance(0.15),
    looks: luck.chance(0.3),
    cancelsAfterMs: luck.below(CANCEL_WITHIN_MS),
  };
}

function kindOf(luck: Dice): Kind {
  return luck.pick(kinds.flatMap((kind) => Array<Kind>(shares[kind]).fill(kind)));
}

function customerOf(kind: Kind, seed: number, n: number): string {
  if (kind === 'declined') return names.declined;
  if (kind === 'unpaid') return names.unpaid;
  return kind === 'paid slowly' ? names.slow : `chaos-${seed}-${n % 200}`;
}

const byHand: readonly Kind[] = [
  'approved by hand',
  'rejected by hand',
  'contested',
  'undecided',
  'poisoned',
];

function restaurantOf(kind: Kind): string {
  if (byHand.includes(kind)) return names.manual;
  return kind === 'rejected by restaurant' ? names.closed : 'trattoria';
}
