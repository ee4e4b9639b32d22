/**
 * Batches by what is under way: what arrives while one batch is worked on is the next one.
 * Nobody waits for a timer, and the busier it is, the larger the batches.
 */
export function gather<Item>(
  work: (batch: readonly Item[]) => Promise<void>,
  most = 512,
): (item: Item) => Promise<void> {
  let waiting: Item[] = [];
  let answers: (() => void)[] = [];
  let underWay = false;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const [batch, told] = [waiting.slice(0, most), answers.slice(0, most)];
      waiting = waiting.slice(most);
      answers = answers.slice(most);
      await work(batch);
      for (const tell of told) tell();
    }
    underWay = false;
  }

  return (item) =>
    new Promise((resolve) => {
      waiting.push(item);
      answers.push(resolve);
      if (underWay) return;
      underWay = true;
      // On the next turn, so that all of this turn go together. What fails ends the process.
      setImmediate(run);
    });
}
