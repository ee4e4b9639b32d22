import { UsageError } from './option.ts';

/** An order from the options of `ordersctl place`. */
export interface PlaceOptions {
  readonly customer?: string;
  readonly restaurant?: string;
  /** Each `code:name:unit price:quantity`. */
  readonly item?: readonly string[];
}

const item = /^([^:]+):(.+):((?:0|[1-9]\d*)(?:\.\d+)?):(0|[1-9]\d*)$/;

/** True if any option of an order is given. */
export const describesOrder = ({ customer, restaurant, item: items }: PlaceOptions): boolean =>
  customer !== undefined || restaurant !== undefined || items !== undefined;

/**
 * The body of `POST /api/orders`, as JSON text. Throws UsageError that names a missing
 * option or the form of an item; ordersvc validates the order itself.
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
    // The price is copied as written: parsing it as a number could change it.
    return `{"code":${JSON.stringify(code)},"name":${JSON.stringify(name)},"unit_price":${price},"quantity":${quantity}}`;
  });
  return `{"customer_id":${JSON.stringify(customer)},"restaurant_id":${JSON.stringify(restaurant)},"order_items":[${lines.join(',')}]}`;
}
