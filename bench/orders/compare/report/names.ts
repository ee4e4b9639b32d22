/** The contenders by name, as tables, the chart and the targets know them. */
export const names = {
  product: 'product, 1% traced',
  allTraced: 'product, all traced',
  bare: 'bare path',
} as const;
