/**
 * Lets everyone have `rounds` turns, A B C, C B A, …, so that a machine that is slower for
 * a while is slower for all of them. Resolves with each one's results, in order.
 */
export async function takeTurns<Who, Result>(
  all: readonly Who[],
  rounds: number,
  turn: (who: Who) => Promise<Result>,
): Promise<ReadonlyMap<Who, readonly Result[]>> {
  const results = new Map<Who, Result[]>(all.map((who) => [who, []]));
  for (let round = 0; round < rounds; round++) {
    for (const who of round % 2 === 0 ? all : all.toReversed()) {
      results.get(who)?.push(await turn(who));
    }
  }
  return results;
}
