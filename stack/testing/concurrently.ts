/** Does `work` for 0 … count − 1, `width` at a time. Rejects with the first failure. */
export async function concurrently(
  count: number,
  width: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
