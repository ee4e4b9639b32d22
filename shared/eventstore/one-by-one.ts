/** Yields the items of batches one at a time. Leaving the loop ends the source. */
export async function* oneByOne<Item>(
  batches: AsyncIterable<readonly Item[]>,
): AsyncGenerator<Item, void, undefined> {
  for await (const batch of batches) yield* batch;
}
