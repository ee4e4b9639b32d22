/** Orders as an evening brings them, for pictures of a console that has something to show. */

const customers = ['ada', 'grace', 'linus', 'barbara', 'edsger', 'margaret', 'radia', 'katherine'];
const kitchens = ['trattoria', 'golden-dragon', 'la-paloma', 'noodle-bar', 'demo-closed'];
const dishes = [
  { code: 'PZ1', name: 'Pizza Margherita', unit_price: 9.5 },
  { code: 'TI1', name: 'Tiramisù', unit_price: 6.8 },
  { code: 'RA2', name: 'Ramen', unit_price: 12.9 },
  { code: 'TA3', name: 'Tacos', unit_price: 8.25 },
];

/** Places one such order, the nth; resolves with its id. */
export async function placeNth(
  httpUrl: string,
  n: number,
  wish: { readonly customer_id?: string; readonly restaurant_id?: string } = {},
): Promise<string> {
  const response = await fetch(`${httpUrl}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      customer_id: customers[(n * 5) % customers.length],
      restaurant_id: kitchens[n % 17 === 3 ? 4 : (n * 3) % 4],
      order_items: [0, 1]
        .slice(0, 1 + (n % 2))
        .map((more) => ({ ...dishes[(n + more) % 4], quantity: 1 + ((n + more) % 3) })),
      ...wish,
    }),
  });
  const { order_id } = (await response.json()) as { order_id: string };
  return order_id;
}

/** Places them as long as it `goesOn`, now more and now fewer. */
export async function bustle(httpUrl: string, goesOn: () => boolean): Promise<void> {
  for (let n = 0; goesOn(); n++) {
    await placeNth(httpUrl, n);
    const pause = 60 + 45 * Math.sin(n / 23);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
