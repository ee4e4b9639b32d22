import { UsageError } from './option.ts';

/** An order as the options of `ordersctl place` give it. */
export interface PlaceOptions {
  readonly customer?: string;
  readonly restaurant?: string;
  /** Each `code:name:unit price:quantity`. */
  readonly item?: readonly string[];
}

const item = /^([^:]+):(.+):((?:0|[1-9]\d*)(?:\.\d+)?):(0|[1-9]\d*)$/;

/** True where any of the options that make an order is given. */
export const describesOrder = ({ customer, restaurant, item: items }: PlaceOptions): boolean =>
  customer !== undefined || restaurant !== undefined || items !== undefined;

/**
 * The body of `POST /api/orders`, as JSON text. Throws UsageError that says
 * which option is missing or how an item is written; whether the order makes
 * sense is ordersvc's to say.
 */
export function placeBody({ customer, restaurant, item: items = [] }: PlaceOptions): string {
  if (customer === undefined) throw new UsageError('--customer is missing');
  if (restaurant === undefined) throw new UsageError('--restaurant is missing');
  if (items.length === 0) throw new UsageError('--item is missing');
  const lines = items.map((text) => {
    const [, code, name, price, quantity] = item.exec(text) ?? [];
    if (code === undefined) {
      throw new UsageError(
        '--item: must be code:name:unit price:quantity, such as P1:Pizza:9.50:2',
      );
    }
    // The price goes over as it is written: reading it as a number could change it.
    return `{"code":${JSON.stringify(code)},"name":${JSON.stringify(name)},"unit_price":${price},"quantity":${quantity}}`;
  });
  return `{"customer_id":${JSON.stringify(customer)},"restaurant_id":${JSON.stringify(restaurant)},"order_items":[${lines.join(',')}]}`;
}
