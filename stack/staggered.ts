/**
 * Begins the items in their order, at most `atOnce` of them at a time. Resolves when all
 * are done. When one fails no further one is begun, and it rejects with that failure.
 */
export async function staggered<T>(
  atOnce: number,
  items: readonly T[],
  begin: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  let failed = false;
  const lane = async () => {
    for (const item of left) {
      if (failed) return;
      try {
        await begin(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
