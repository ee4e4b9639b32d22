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

/** One order whose journey the demo shows. */
export interface Scenario {
  readonly name: string;
  /** One sentence for the reader. */
  readonly story: string;
  readonly order: OrderRequest;
  /** The status the order must come to; anything else fails the demo. */
  readonly ends: string;
}

/** Told one after the other; a further scenario is a further entry. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'approved',
    story: 'An order is paid for and the restaurant takes it.',
    order: {
      customer_id: 'demo-customer',
      restaurant_id: 'trattoria',
      order_items: [
        { code: 'PZ1', name: 'Pizza Margherita', unit_price: 9.5, quantity: 2 },
        { code: 'AC1', name: 'Acqua', unit_price: 2.25, quantity: 1 },
      ],
    },
    ends: 'Approved',
  },
];
