/** The body of POST /api/orders. Money is decimal major units. */
export interface OrderRequest {
  readonly customer_id: string;
  readonly restaurant_id: string;
  readonly order_items: readonly {
    readonly code: string;
    readonly name: string;
    readonly unit_price: number;
    readonly quantity: number;
  }[];
}

/** How an order ends, in the fields of GET /api/orders/{id}. */
export interface Ending {
  readonly status: string;
  readonly payment_status: string;
  /** Absent: any, or none. */
  readonly reason?: string;
}

/** One order whose journey the demo shows. */
export interface Scenario {
  readonly name: string;
  /** One sentence for the reader. */
  readonly story: string;
  readonly order: OrderRequest;
  /** A person's action once the order has this status. */
  readonly action?: {
    readonly when: string;
    readonly post: 'cancel' | 'approve' | 'reject';
    readonly body: { readonly reason?: string };
  };
  /** Only this deadline ends it, so it takes that long. */
  readonly deadline?: 'paymentMs' | 'reviewMs';
  /** The expected status and payment; anything else fails the demo. */
  readonly ends: Ending;
}

const dinner: OrderRequest = {
  customer_id: 'demo-customer',
  restaurant_id: 'trattoria',
  order_items: [
    { code: 'PZ1', name: 'Pizza Margherita', unit_price: 9.5, quantity: 2 },
    { code: 'AC1', name: 'Acqua', unit_price: 2.25, quantity: 1 },
  ],
};

/**
 * Shown in this order; add an entry for a new scenario. The workers' `config.ts` says how
 * names that start with `demo-` are treated.
 */
export const scenarios: readonly Scenario[] = [
  {
    name: 'approved',
    story: 'The payment succeeds and the restaurant accepts the order.',
    order: dinner,
    ends: { status: 'Approved', payment_status: 'debited' },
  },
  {
    name: 'approved by hand',
    story: 'This restaurant decides by hand, and accepts the order.',
    order: { ...dinner, restaurant_id: 'demo-manual' },
    action: { when: 'Paid', post: 'approve', body: {} },
    ends: { status: 'Approved', payment_status: 'debited' },
  },
  {
    name: 'declined',
    story: "The customer's payment is declined, so there is nothing to refund.",
    order: { ...dinner, customer_id: 'demo-declined' },
    ends: { status: 'PaymentFailed', payment_status: 'failed' },
  },
  {
    name: 'rejected',
    story: 'The restaurant is closed: the order is rejected and the money refunded.',
    order: { ...dinner, restaurant_id: 'demo-closed' },
    ends: { status: 'Rejected', payment_status: 'voided' },
  },
  {
    name: 'rejected by hand',
    story: 'This restaurant decides by hand, and rejects the order.',
    order: { ...dinner, restaurant_id: 'demo-manual' },
    action: { when: 'Paid', post: 'reject', body: { reason: 'the oven is cold' } },
    ends: { status: 'Rejected', payment_status: 'voided', reason: 'the oven is cold' },
  },
  {
    name: 'cancelled early',
    story: 'The payment is slow, and the customer cancels before it arrives.',
    order: { ...dinner, customer_id: 'demo-slow' },
    action: { when: 'Pending', post: 'cancel', body: { reason: 'ordered by mistake' } },
    ends: { status: 'Cancelled', payment_status: 'voided', reason: 'ordered by mistake' },
  },
  {
    name: 'cancelled',
    story: 'The restaurant is slow, and the customer cancels the paid order.',
    order: { ...dinner, restaurant_id: 'demo-manual' },
    action: { when: 'Paid', post: 'cancel', body: { reason: 'ordered by mistake' } },
    ends: { status: 'Cancelled', payment_status: 'voided', reason: 'ordered by mistake' },
  },
  {
    name: 'unpaid',
    story: 'The payment is never answered: its deadline cancels the order, and nothing is taken.',
    order: { ...dinner, customer_id: 'demo-unpaid' },
    deadline: 'paymentMs',
    ends: { status: 'Cancelled', payment_status: 'voided', reason: 'payment_deadline' },
  },
  {
    name: 'undecided',
    story: 'The restaurant never decides: the deadline cancels the order.',
    order: { ...dinner, restaurant_id: 'demo-manual' },
    deadline: 'reviewMs',
    ends: { status: 'Cancelled', payment_status: 'voided', reason: 'review_deadline' },
  },
];
