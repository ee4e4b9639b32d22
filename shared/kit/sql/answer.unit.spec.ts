import assert from 'node:assert/strict';
import type postgres from 'postgres';
import { gather } from './answer.ts';

/** An answer of the client: rows, and what it says of their end. */
interface Told {
  readonly rows: number;
  readonly count: number | null;
  readonly columns: readonly string[];
  readonly retried?: Error;
}

/** What is gathered of `told`. */
async function gathered({ rows, retried, ...ending }: Told): Promise<number | undefined> {
  const query = {
    retried,
    state: null,
    forEach: (take: (row: object, ending: object) => void) => {
      const result = { ...ending, command: null as string | null };
      for (let n = 0; n < rows; n++) take({ n }, result);
      return Promise.resolve(Object.assign(result, { command: 'SELECT' }));
    },
  };
  const answer = gather(query as unknown as postgres.PendingQuery<{ n: number }[]>);
  const whole = answer.rows(await answer.ended);
  assert.equal(answer.torn(), false);
  return whole?.length;
}

describe('the rows of an answer', () => {
  const columns = ['n'];

  it('are as many as the server says, or are not believed', async () => {
    assert.equal(await gathered({ rows: 5, count: 5, columns }), 5);
    assert.equal(await gathered({ rows: 0, count: 0, columns }), 0);
    assert.equal(await gathered({ rows: 7, count: 5, columns }), undefined);
    assert.equal(await gathered({ rows: 0, count: 5, columns }), undefined);
  });

  it('are believed of a command that does not say how many there are', async () => {
    assert.equal(await gathered({ rows: 1, count: null, columns }), 1);
  });

  it('are none where the statement returns none, however many it wrote', async () => {
    assert.equal(await gathered({ rows: 0, count: 3, columns: [] }), 0);
    assert.equal(await gathered({ rows: 3, count: 3, columns: [] }), undefined);
  });

  it('are not believed where the client sent the statement a second time by itself', async () => {
    const retried = new Error('cached plan must not change result type');
    assert.equal(await gathered({ rows: 5, count: 5, columns, retried }), undefined);
  });
});
